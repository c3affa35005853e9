"""``show sess``, ``shutdown session`` and ``shutdown sessions server``.

Sessions are looked for while they are read: a slice after the other, and of none that has been told is anything kept.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from exproxy.admin.actions import Actions
from exproxy.admin.haproxy.conversation import Conversation, Level
from exproxy.admin.haproxy.manual import Command, Said
from exproxy.admin.haproxy.naming import NamedError, named_server
from exproxy.admin.haproxy.numbering import proxies, servers
from exproxy.admin.sources import BEGINNING, Place, Some, Sources, Things
from exproxy.admin.views import SessionView

_POINTER = re.compile(r"0x[0-9a-f]{1,16}", re.ASCII | re.IGNORECASE)
_CHANNEL = "[f=000000h,i=0,an=00h,rx=,wx=,ax=]"
_EXPECTED = "Session pointer expected (use 'show sess').\n"

Tell = Callable[[Sequence[SessionView]], str]


class Sessions:
    """:param sources: know them; ``actions``: end them."""

    def __init__(self, clock: IReactorTime, things: Things, sources: Sources, actions: Actions) -> None:
        self._clock = clock
        self._things = things
        self._sources = sources
        self._actions = actions

    def commands(self) -> tuple[Command, ...]:
        """All of them."""
        show = "report the list of current sessions or dump this exact session"
        kill, server = "kill a specific session", "kill sessions on a server"
        return (
            Command(("show", "sess"), "show sess [id]", show, self._show, Level.OPERATOR),
            Command(("shutdown", "session"), "shutdown session [id]", kill, self._end, Level.ADMIN),
            Command(
                ("shutdown", "sessions", "server"), "shutdown sessions server <bk>/<srv>", server, self._end_all, Level.ADMIN
            ),
        )

    def _show(self, words: Sequence[str], conversation: Conversation) -> Said:
        if words[:1] == ["all"]:
            return self._told(lambda found: "".join(self._whole(one) for one in found))
        if words and _POINTER.fullmatch(words[0]):
            return self._one(words[0][2:].lower())
        return self._told(lambda found: "".join(_short(one) for one in found))

    def _told(self, tell: Tell) -> Said:
        place: list[Place | None] = [BEGINNING]

        def take(some: Some) -> str:
            place[0] = some.after
            return tell(some.sessions)

        while place[0] is not None:
            yield self._sources.sessions_after(place[0]).addCallback(take)

    def _one(self, session: str) -> Said:
        found: list[bool] = []

        def tell(sessions: Sequence[SessionView]) -> str:
            told = [self._whole(one) for one in sessions if one.id == session]
            found.extend([True] * len(told))
            return "".join(told)

        for piece in self._told(tell):
            yield piece
            if found:
                return
        yield "Session not found.\n"

    def _end(self, words: Sequence[str], conversation: Conversation) -> "str | Said":
        if not words or not _POINTER.fullmatch(words[0]):
            return _EXPECTED
        ended = self._actions.end_session(words[0][2:].lower(), conversation.by)
        return _later(ended.addCallback(lambda known: "" if known else "No such session (use 'show sess').\n"))

    def _end_all(self, words: Sequence[str], conversation: Conversation) -> "str | Said":
        try:
            server = named_server(self._things, words)
        except NamedError as error:
            return str(error)
        backend = server.full_name.partition("/")[0]
        return _later(self._actions.end_sessions(backend, server.name, conversation.by).addCallback(_nothing))

    def _whole(self, session: SessionView) -> str:
        """A few lines: what is known here of what HAProxy tells."""
        began = datetime.fromtimestamp(self._clock.seconds() - session.seconds, UTC).astimezone()
        when = f"{began:%d/%b/%Y:%H:%M:%S.%f}"
        first = f"0x{session.id}: [{when}] id=0 proto={_protocol(session)} source={session.client}"
        iids = {(proxy.sort, proxy.name): proxy.iid for proxy in proxies(self._things)}
        lines = [f"frontend={session.frontend} (id={iids.get(('Frontend', session.frontend), 0)}), listener=? (id=1)"]
        for full_name in session.servers:
            backend, _, name = full_name.partition("/")
            known = self._things.backends.get(backend)
            numbered = {} if known is None else {server.name: (sid, server.address) for sid, server in servers(known)}
            sid, address = numbered.get(name, (0, None))
            lines += [
                f"backend={backend} (id={iids.get(('Backend', backend), 0)})",
                f"server={name} (id={sid}) addr={address or '?'}",
            ]
        if not session.servers:
            lines += ["backend=<NONE> (id=-1 mode=-)", "server=<NONE> (id=-1)"]
        lines += [f"age={_age(session.seconds)}", f"req=(total={session.bytes_in})", f"res=(total={session.bytes_out})"]
        return first + "".join(f"\n  {line}" for line in lines) + "\n"


def _short(session: SessionView) -> str:
    """One line: its server, where it has several the first; what nobody knows here is there for those who count words."""
    backend, _, server = (session.servers[0] if session.servers else "<NONE>/<none>").partition("/")
    return (
        f"0x{session.id}: proto={_protocol(session)} src={session.client} fe={session.frontend} be={backend} srv={server} ts=00 "
        f"epoch=0 age={_age(session.seconds)} calls=0 rate=0 cpu=0 lat=0 rq{_CHANNEL} rp{_CHANNEL} scf=[0,0h,fd=-1] "
        "scb=[0,0h,fd=-1] exp= rc=0 c_exp=\n"
    )


def _protocol(session: SessionView) -> str:
    return "tcpv6" if session.client.startswith("[") else "tcpv4"


def _age(seconds: float) -> str:
    """``1h12m``: the largest two units, without those that are nothing."""
    left = int(seconds)
    parts: list[str] = []
    for unit, size in (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count and len(parts) < 2:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def _later(answer: "Deferred[str]") -> Iterator["Deferred[str]"]:
    yield answer


def _nothing(_: object) -> str:
    return ""
