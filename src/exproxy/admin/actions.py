"""What administrators do, each with a line in the log that says who did it."""

from collections.abc import Callable, Sequence

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from exproxy import pool
from exproxy.admin.audit import Audit
from exproxy.admin.entries import shown_key
from exproxy.admin.nearest import known
from exproxy.admin.reloading import Reload
from exproxy.admin.sources import FrontendFacts, Steering, Things
from exproxy.admin.views import SessionView


class Actions:
    """All raise :class:`exproxy.admin.nearest.UnknownError` for what is not there; ``by`` is who does it, for texts."""

    def __init__(self, clock: IReactorTime, things: Things, steering: Steering, reload: Reload) -> None:
        self._clock = clock
        self._reload = reload
        self._things = things
        self._steering = steering
        self.audit = Audit(clock)

    def host(self, name: str) -> pool.Host:
        """The one of that name."""
        return known("host", name, self._things.hosts)

    def backend(self, name: str) -> pool.Backend:
        """The one of that name."""
        return known("back end", name, self._things.backends)

    def server(self, backend: str, name: str) -> pool.Server:
        """The one of that name."""
        return known(f"server in back end {backend}:", name, self.backend(backend).servers)

    def group(self, table: str) -> pool.Group:
        """The one with the table of that name."""
        return known("table", table, self._things.groups)

    def set_host(self, name: str, admin: pool.Admin, by: str) -> pool.Host:
        """Set a host, and so all its servers at once."""
        host = self.host(name)
        self.audit.note(by, f"set host {host.name} to {admin.value}, which was {host.admin.value}")
        host.set_admin(admin, self._clock.seconds(), by)
        return host

    def set_server(self, backend: str, name: str, admin: pool.Admin, by: str) -> pool.Server:
        """Set one server; its host and its agent may be stricter."""
        server = self.server(backend, name)
        self.audit.note(by, f"set server {server.full_name} to {admin.value}, which was {server.own_admin.value}")
        server.set_admin(admin, self._clock.seconds(), by)
        return server

    def set_weight(self, backend: str, name: str, weight: int, by: str) -> pool.Server:
        """:raises ValueError: not 0 to 256."""
        server = self.server(backend, name)
        before = server.weight
        server.set_weight(weight, self._clock.seconds())
        self.audit.note(by, f"set the weight of server {server.full_name} to {weight}, which was {before}")
        return server

    def set_address(self, backend: str, name: str, address: str, port: int | None, by: str) -> pool.Server:
        """:param port: ``None``: as before.

        :raises ValueError: its endpoint mapper tells the port.
        """
        server = self.server(backend, name)
        before = f"{server.address or 'nowhere'} port {server.port or 'of the client'}"
        server.move(address, port, self._clock.seconds())
        self.audit.note(by, f"moved server {server.full_name} to {address} port {server.port or 'of the client'}, from {before}")
        return server

    def set_maxconn(self, backend: str, name: str, maxconn: int | None, by: str) -> pool.Server:
        """:raises ValueError: less than 1."""
        server = self.server(backend, name)
        before = server.maxconn
        server.set_maxconn(maxconn, self._clock.seconds())
        limit = "nothing" if maxconn is None else maxconn
        self.audit.note(by, f"set the maxconn of server {server.full_name} to {limit}, which was {before or 'nothing'}")
        return server

    def set_health(self, backend: str, name: str, operational: pool.Operational, by: str) -> pool.Server:
        """:raises ValueError: it has no check that could change that again."""
        server = self.server(backend, name)
        before = server.operational
        server.set_health(operational, self._clock.seconds(), by)
        self.audit.note(by, f"said that server {server.full_name} is {operational.value}, which was {before.value}")
        return server

    def set_agent(self, backend: str, name: str, up: bool, by: str) -> pool.Server:
        """Say in the place of its agent whether it is up, until the agent speaks again."""
        server = self.server(backend, name)
        server.agent(pool.AgentAnswer(up=up, text=server.agent_text), self._clock.seconds())
        self.audit.note(by, f"said in the place of the agent of server {server.full_name} that it is {'up' if up else 'down'}")
        return server

    def clear(self, table: str, by: str, key: bytes | None = None) -> int:
        """Forget which client went where, or where that of one key went; returns how many entries there were."""
        self.group(table)
        count = self._steering.clear(table, key)
        if key is None:
            self.audit.note(by, f"cleared table {table}, which had {_counted(count, 'entry', 'entries')}")
        elif count:
            self.audit.note(by, f"cleared {shown_key(key)} from table {table}")
        return count

    def frontend(self, name: str) -> FrontendFacts:
        """The one of that name."""
        return known("front end", name, self._things.frontends)

    def end_session(self, session: str, by: str) -> "Deferred[bool]":
        """End one session; fires with whether there was one of that id."""

        def tell(ended: "list[SessionView]") -> bool:
            for one in ended:
                self.audit.note(
                    by, f"ended session {one.id} of {one.client} with {', '.join(one.servers) or f'nobody, of {one.frontend}'}"
                )
            return bool(ended)

        return self._steering.end_session(session).addCallback(tell)

    def reload(self, by: str) -> "Deferred[Sequence[str]]":
        """Have the configuration read anew; fires with what has changed, a sentence part each.

        Fails with :class:`exproxy.admin.reloading.NotReloadedError`: then nothing has.
        """

        def reloaded(changed: Sequence[str]) -> Sequence[str]:
            self.audit.note(by, f"had the configuration read anew, with {_counted(len(changed), 'change', 'changes')}")
            return changed

        def refused(failure: Failure) -> Failure:
            self.audit.note(by, "wanted the configuration read anew, which cannot be used")
            return failure

        return self._reload().addCallbacks(reloaded, refused)

    def end_sessions(self, backend: str, name: str, by: str) -> "Deferred[int]":
        """End all sessions of a server; fires with how many are told to."""
        server = self.server(backend, name)
        return self._steering.end_sessions(server).addCallback(self._ended(by, server))

    def _ended(self, by: str, server: pool.Server) -> Callable[[int], int]:
        def tell(count: int) -> int:
            self.audit.note(by, f"ended {_counted(count, 'session', 'sessions')} of server {server.full_name}")
            return count

        return tell


def _counted(count: int, one: str, more: str) -> str:
    return f"{count} {one if count == 1 else more}"
