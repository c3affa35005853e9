"""Where the numbers come from and where orders go: this process, or all workers of it.

The protocols are what :mod:`exproxy.process.messages` counts; who builds the site joins the two.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from attrs import define, fields, frozen
from twisted.internet.defer import Deferred

from exproxy import pool
from exproxy.admin.views import DialogueView, MapView, RouteView, SessionView, WorkerView
from exproxy.net.certificate import PeerCertificate
from exproxy.net.tls.certificates import Identity


class ServerNumbers(Protocol):
    @property
    def sessions(self) -> int: ...
    @property
    def total(self) -> int: ...
    @property
    def failed(self) -> int: ...
    @property
    def bytes_in(self) -> int: ...
    @property
    def bytes_out(self) -> int: ...
    @property
    def queued(self) -> int: ...


class BackendNumbers(Protocol):
    @property
    def queued(self) -> int: ...
    @property
    def refused(self) -> int: ...


class FrontendNumbers(Protocol):
    @property
    def sessions(self) -> int: ...
    @property
    def total(self) -> int: ...
    @property
    def refused(self) -> int: ...
    @property
    def bad_prefaces(self) -> int: ...
    @property
    def bad_handshakes(self) -> int: ...
    @property
    def left_early(self) -> int: ...
    @property
    def broken(self) -> int: ...
    @property
    def bad_requests(self) -> int: ...
    @property
    def denied(self) -> int: ...
    @property
    def limited(self) -> int: ...
    @property
    def bytes_in(self) -> int: ...
    @property
    def bytes_out(self) -> int: ...
    @property
    def fault(self) -> str: ...
    @property
    def limit(self) -> str: ...
    @property
    def early_talkers(self) -> int: ...
    @property
    def passed_over(self) -> int: ...
    @property
    def refused_logins(self) -> int: ...
    @property
    def mapped(self) -> int: ...
    @property
    def hidden(self) -> int: ...
    @property
    def refused_calls(self) -> int: ...


Place = tuple[int, str, int]
"""How far somebody has come with all sessions: a worker, a front end, a session."""
BEGINNING: Place = (0, "", 0)


@frozen
class Some:
    """A part of all sessions; it may have none.

    :param after: where to go on; ``None``: that was all.
    """

    sessions: Sequence[SessionView]
    after: Place | None


class Sources(Protocol):
    """What is counted, by all who have clients together."""

    def server(self, server: pool.Server) -> ServerNumbers: ...

    def backend(self, name: str) -> BackendNumbers: ...

    def frontend(self, name: str) -> FrontendNumbers: ...

    def workers(self) -> Sequence[WorkerView]: ...

    def sessions(self, server: str, most: int, frontend: str = "", client: str = "") -> "Deferred[list[SessionView]]":
        """Those that live, at most so many; of ``backend/server``, a front end, a client's address, unless that is empty."""

    def sessions_after(self, place: Place) -> "Deferred[Some]":
        """Those that come next, in an order in which none is told twice, and none left out that was there all the time."""

    def certificates(self, server: pool.Server) -> Mapping[str, PeerCertificate]:
        """What it showed last, by the names of its checks."""

    def own_certificates(self, frontend: str) -> Sequence[Identity]:
        """Those that clients of a front end are shown now."""

    def dialogues(self, server: pool.Server) -> Sequence[DialogueView]:
        """What was said in the last run of each of its checks, by its agent and by its endpoint mapper."""


class Steering(Protocol):
    """What has to be done wherever the sessions are."""

    def clear(self, table: str, key: bytes | None) -> int:
        """Forget all entries, or that of one key; returns how many there were."""

    def end_sessions(self, server: pool.Server) -> "Deferred[int]":
        """Fires with how many are told to end."""

    def end_session(self, session: str) -> "Deferred[list[SessionView]]":
        """The one of that id; fires with it as it was, or with nothing."""


@frozen
class FrontendFacts:
    """What is configured.

    :param backends: where clients may go, the default one first.
    :param default: whether there is a default one.
    """

    name: str
    mode: str
    addresses: tuple[str, ...]
    maxconn: int | None
    backends: tuple[str, ...]
    default: bool
    routes: tuple[RouteView, ...] = ()
    map: tuple[MapView, ...] = ()


@define(eq=False)
class Things:
    """All that there is; who has it always has what there is now."""

    frontends: Mapping[str, FrontendFacts]
    backends: Mapping[str, pool.Backend]
    hosts: Mapping[str, pool.Host]
    groups: Mapping[str, pool.Group]
    maxconn: int

    def become(self, fresh: "Things") -> None:
        """The configuration has changed."""
        for field in fields(Things):
            setattr(self, field.name, getattr(fresh, field.name))
