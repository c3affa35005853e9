"""Sessions that were recorded between a real mail user agent and a real server, for relays to stand between them again.

A play is lines: ``C: `` is the client's, ``S: `` the server's.  These are mutt's (2.2.12), which sends a mail through a Postfix
and keeps a copy in a Dovecot; tests/integration/test_mail_agent.py has it do so through the real proxy.
"""

from itertools import groupby
from pathlib import Path

import attrs

from exproxy.proxy.mail.manner import Relay
from exproxy.wire.step import Step, Then

FOLDER = Path(__file__).parent / "recorded"


@attrs.frozen
class Turn:
    """:param client: whose it is; :param octets: all that was said before the other one spoke."""

    client: bool
    octets: bytes


def recorded(name: str) -> list[Turn]:
    """The play of a file."""
    lines = (FOLDER / f"{name}.txt").read_text("ascii").splitlines()
    turns = groupby(lines, key=lambda line: line[0])
    return [Turn(who == "C", b"".join(f"{line[3:]}\r\n".encode("ascii") for line in said)) for who, said in turns]


@attrs.define
class Heard:
    """What both have heard through a relay, and what it came to."""

    client: bytes = b""
    server: bytes = b""
    thens: list[Then] = attrs.field(factory=list)

    def take(self, step: Step) -> None:
        self.client += step.to_client
        self.server += step.to_server
        if step.then is not Then.GO_ON:
            self.thens.append(step.then)


def played(turns: list[Turn], relay: Relay, size: int) -> Heard:
    """Play all but the greeting, ``size`` octets at a time; behind a PIPE everything passes."""
    heard = Heard(relay.greeting(turns[0].octets))
    for turn in turns[1:]:
        for start in range(0, len(turn.octets), size):
            piece = turn.octets[start : start + size]
            if Then.PIPE in heard.thens:
                heard.take(Step(piece) if turn.client else Step(b"", piece))
            else:
                heard.take(relay.from_client(piece) if turn.client else relay.from_server(piece))
    return heard


def said(turns: list[Turn], client: bool) -> bytes:
    """All that one of the two said."""
    return b"".join(turn.octets for turn in turns if turn.client is client)
