"""A client, the relay and a server in one process: what the tests of the relay share."""

from collections.abc import Callable, Sequence
from typing import Literal

import attrs

from exproxy.wire.smtprelay import Broken, Facts, Settings, SmtpRelay, StartTls, Step, Then
from tests.wire.cutting import pieces

OFFLOAD = Settings(StartTls.OFFER)
STRICT = Settings(StartTls.OFFER, require_tls=True)
PASSING = Settings(StartTls.PASS)

EHLO = b"EHLO client.example\r\n"
HELLO = b"250-ex1.example.com Hello\r\n250-SIZE 37748736\r\n250-PIPELINING\r\n250-CHUNKING\r\n250 SMTPUTF8\r\n"
MAIL = b"MAIL FROM:<a@example.com>\r\n"
RCPT = b"RCPT TO:<b@example.org>\r\n"
DATA = b"DATA\r\n"
OK = b"250 2.0.0 Ok\r\n"
GO = b"354 End data with <CR><LF>.<CR><LF>\r\n"
DOT = b"\r\n.\r\n"
QUIT = b"QUIT\r\n"
BYE = b"221 2.0.0 Bye\r\n"
STARTTLS = b"STARTTLS\r\n"
START = b"220 2.0.0 Ready to start TLS\r\n"
DENIED = b"550 5.7.0 Error: insufficient authorization\r\n"
NOTHING = Step()

Who = Literal["client", "server", "secured", "lost"]


@attrs.frozen
class Turn:
    """Who does what; ``data`` is of a client or a server."""

    who: Who
    data: bytes = b""


def client(data: bytes) -> Turn:
    return Turn("client", data)


def server(data: bytes) -> Turn:
    return Turn("server", data)


SECURED = Turn("secured")
LOST = Turn("lost")


@attrs.frozen
class Talk:
    """What came of it."""

    to_server: bytes
    to_client: bytes
    then: tuple[Then, ...]
    error: tuple[str, str] | None
    facts: Facts


def converse(to: SmtpRelay, turns: Sequence[Turn], cut: Callable[[bytes], list[bytes]] = lambda data: [data]) -> Talk:
    """Play all turns, up to an error; the bound is looked at after each."""
    to_server, to_client, then, error = b"", b"", [], None
    try:
        for turn in turns:
            for step in _steps(to, turn, cut):
                to_server += step.to_server
                to_client += step.to_client
                then += [step.then] * (step.then is not Then.GO_ON)
                assert to.buffered <= 65_536, f"{to.buffered} octets held"
    except Broken as broken:
        to_server += broken.last.to_server
        to_client += broken.last.to_client
        error = (broken.what, broken.where)
    return Talk(to_server, to_client, tuple(then), error, to.facts)


def _steps(to: SmtpRelay, turn: Turn, cut: Callable[[bytes], list[bytes]]):  # type: ignore[no-untyped-def] # a generator of steps
    if turn.who == "secured":
        yield to.secured()
    elif turn.who == "lost":
        yield to.server_lost()
    else:
        take = to.from_client if turn.who == "client" else to.from_server
        for data in cut(turn.data):
            yield take(data)


def assert_cut_invariant(make: Callable[[], SmtpRelay], turns: Sequence[Turn], cuts: Sequence[int] = ()) -> Talk:
    """Whole, byte by byte and cut at ``cuts``: the same octets on both sides, the same facts, and the same end."""
    whole = converse(make(), turns)
    single = converse(make(), turns, lambda data: [bytes((octet,)) for octet in data])
    assert single == whole, f"byte by byte: {single}\n       whole: {whole}"
    assert converse(make(), turns, lambda data: pieces(data, cuts)) == whole
    return whole


def greeted(settings: Settings = OFFLOAD, *, secure: bool = False) -> SmtpRelay:
    """A relay whose client has said EHLO."""
    to = SmtpRelay(settings, secure=secure)
    to.from_client(EHLO)
    to.from_server(HELLO)
    return to


def in_mail(settings: Settings = OFFLOAD) -> SmtpRelay:
    """A relay whose client may say DATA."""
    to = greeted(settings)
    to.from_client(MAIL + RCPT)
    to.from_server(OK + OK)
    return to


def in_content(settings: Settings = OFFLOAD) -> SmtpRelay:
    """A relay whose client sends a mail."""
    to = in_mail(settings)
    to.from_client(DATA)
    to.from_server(GO)
    return to


def secured(settings: Settings = OFFLOAD) -> SmtpRelay:
    """A relay whose client has just begun TLS."""
    to = greeted(settings)
    to.from_client(STARTTLS)
    to.secured()
    return to
