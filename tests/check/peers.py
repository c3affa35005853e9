"""Runs checks in memory, for the tests of this folder: against good peers and bad ones."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import attrs
from twisted.internet.task import Clock

from exproxy.check.report import Report, Transcript
from exproxy.check.runner import CheckRun, ClientTLS, Job
from exproxy.net.interfaces import Acceptor
from exproxy.net.tlscontext import TLSContextSettings, client_context
from exproxy.wire.dialogue.base import Action, Dialogue, Finish, Outcome, Status
from tests.net.memory import MemoryNetwork

ADDRESS = ("192.0.2.1", 25)
TIMEOUT = 5.0


def today() -> datetime:
    return datetime.now(UTC)


def smtp_answers(data: bytes) -> bytes | None:
    """A well server's."""
    if not data.endswith(b"\r\n"):
        return None
    verb = data[:4].upper()
    return {b"EHLO": b"250-mail.example.com\r\n250 STARTTLS\r\n", b"QUIT": b"221 bye\r\n"}.get(verb, b"500 what?\r\n")


@attrs.define
class Scripted:
    """A dialogue made of given actions; ``on_data`` and ``on_close`` may raise."""

    on_start: Sequence[Action] = ()
    on_data: Callable[[bytes], Sequence[Action]] = lambda data: (Finish(Outcome(Status.L7OKD, f"got {data!r}")),)
    on_secured: Sequence[Action] = ()
    on_close: Sequence[Action] = (Finish(Outcome(Status.L7RSP, "closed")),)
    heard: bytes = b""

    def start(self) -> Sequence[Action]:
        return self.on_start

    def receive(self, data: bytes) -> Sequence[Action]:
        self.heard += data
        return self.on_data(data)

    def secured(self) -> Sequence[Action]:
        return self.on_secured

    def closed(self) -> Sequence[Action]:
        return self.on_close

    def last_line(self) -> str:
        return self.heard.decode("latin-1")


def client_tls(implicit: bool, verify: bool = False, name: str = "mail.example.com", **settings: object) -> ClientTLS:
    context = client_context(TLSContextSettings(verify=verify, **settings))  # type: ignore[arg-type]  # passed on
    return ClientTLS(context=context, name=name, verify=verify, implicit=implicit, warn_days=14)


class Bench:
    """A clock, a network, and the reports of the runs that were made in it."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.network = MemoryNetwork(self.clock)
        self.reports: list[Report] = []
        self.transcript = Transcript()

    def serve(self, peer: Acceptor, port: int = 25) -> None:
        self.network.listen((ADDRESS[0], port), peer).resume()

    def begin(self, dialogue: Dialogue | Callable[[], Dialogue], **job: object) -> CheckRun:
        made = Job(  # type: ignore[misc]  # passed on
            checker="example",
            dialogue=dialogue if callable(dialogue) else lambda: dialogue,
            address=ADDRESS,
            timeout=TIMEOUT,
            today=today,
            transcript=self.transcript,
            **job,
        )
        run = CheckRun(self.clock, self.network, made, self.reports.append)
        run.start()
        self.clock.advance(0)
        return run

    def run(self, dialogue: Dialogue | Callable[[], Dialogue], **job: object) -> Outcome:
        """Until the timeout at most, and a second for the goodbye; nothing may be left behind."""
        self.begin(dialogue, **job)
        for _step in range(70):
            self.clock.advance(0.1)
        assert len(self.reports) == 1, f"{len(self.reports)} reports of one run"
        assert not self.clock.getDelayedCalls(), f"left behind: {self.clock.getDelayedCalls()}"
        assert all(stream.lost for stream in self.network.streams), "a connection was left open"
        return self.reports[0].outcome

    @property
    def report(self) -> Report:
        (report,) = self.reports
        return report
