"""All commands together: what is said to a line."""

from collections.abc import Iterator, Mapping

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from exproxy.admin.actions import Actions
from exproxy.admin.answers import JSON, TEXT, Answer, Asked
from exproxy.admin.callers import Caller
from exproxy.admin.haproxy.changing import Changing
from exproxy.admin.haproxy.conversation import Conversation
from exproxy.admin.haproxy.limiting import Limiting
from exproxy.admin.haproxy.looking import Looking
from exproxy.admin.haproxy.manual import Manual
from exproxy.admin.haproxy.memory import Memory
from exproxy.admin.haproxy.sessions import Sessions
from exproxy.admin.haproxy.stat import Stats, Wanted
from exproxy.admin.haproxy.tables import Tables
from exproxy.admin.haproxy.talking import Talking
from exproxy.admin.haproxy.words import words
from exproxy.admin.overview import Overview
from exproxy.admin.routes import Route
from exproxy.admin.sources import Sources, Things

PROMPT = "> "


class Runtime:
    """HAProxy's socket and ``/stats;csv``, but for the wire."""

    def __init__(self, clock: IReactorTime, things: Things, sources: Sources, overview: Overview, actions: Actions) -> None:
        self._memory = Memory(clock, things, sources)
        stats = Stats(clock, things, overview, self._memory)
        self._looking = Looking(clock, things, overview, stats, self._memory)
        families = (
            self._looking,
            Changing(things, actions),
            Limiting(things),
            Sessions(clock, things, sources, actions),
            Tables(clock, things, actions),
            Talking(),
        )
        self._manual = Manual(command for family in families for command in family.commands())

    def change(self) -> None:
        """Other things are there than before."""
        self._memory.follow()

    def sample(self) -> None:
        """Once a second, for peaks."""
        self._memory.sample()

    def say(self, command: str, conversation: Conversation) -> "Iterator[str | Deferred[str]]":
        """All there is to say to a command, a piece after the other; nothing at all to ``quit``."""
        said = self._manual.answer(words(command), conversation)
        if conversation.over:
            return
        if isinstance(said, str):
            yield said
        else:
            yield from said
        yield "\n" + (PROMPT if conversation.prompting else "")

    def routes(self) -> tuple[Route, ...]:
        """The same over HTTP; a page may be anywhere in HAProxy, and is mostly at one of these."""
        statuses = frozenset({200})
        return tuple(
            Route("GET", f"{path};{form}{rest}", "viewer", self._json if form == "json" else self._csv, statuses)
            for path in ("/stats", "/haproxy", "/")
            for form in ("csv", "json")
            for rest in ("", ";norefresh")
        )

    def _csv(self, asked: Asked, names: Mapping[str, str], caller: Caller) -> Answer:
        return Answer(200, "".join(self._looking.stat(Wanted(), "csv")).encode(), TEXT)

    def _json(self, asked: Asked, names: Mapping[str, str], caller: Caller) -> Answer:
        return Answer(200, "".join(self._looking.stat(Wanted(), "json")).encode(), JSON)
