"""Which sessions live, and with whom, for who looks."""

import os
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from hashlib import blake2b
from heapq import nsmallest
from itertools import chain, islice

from exproxy import pool
from exproxy.config.addresses import joined
from exproxy.process.messages import LiveSession, Wanted
from exproxy.proxy.backend import Backend
from exproxy.proxy.frontend import Frontend
from exproxy.proxy.reaching import Reaching
from exproxy.proxy.session import Session


class LiveSessions:
    """Of one process.

    A session's id is a hash of where it is and since when, so that sessions need to know nothing of it, and that it is never
    another one's: that is worth more than to find it quickly.

    :param frontends: whose sessions, and those of their annexes; asked each time.
    """

    def __init__(self, frontends: Callable[[], Iterable[Frontend]], backends: Mapping[str, Backend]) -> None:
        self._frontends = frontends
        self._backends = backends
        self._key = os.urandom(16)

    def find(self, wanted: Wanted, most: int, now: float) -> list[LiveSession]:
        """At most so many."""
        if wanted.after is not None:
            return self._following(*wanted.after, most, now)
        servers = self._servers()
        return list(islice(self._matching(wanted, servers, now), most))

    def end(self, session: str, now: float) -> list[LiveSession]:
        """End the one of that id; returns it as it was, or nothing."""
        for frontend in self._frontends():
            for one in _sessions(frontend):
                if self._id(one) == session:
                    seen = self._seen(frontend, one, tuple(self._servers({one}).get(one, ())), now)
                    one.kill("K")
                    return [seen]
        return []

    def _following(self, name: str, number: int, most: int, now: float) -> list[LiveSession]:
        """Those of one front end that come next; nothing of it is remembered from one time to the next."""
        for frontend in sorted(self._frontends(), key=lambda one: one.name):
            if frontend.name < name:
                continue
            begin = number if frontend.name == name else 0
            later = (session for session in _sessions(frontend) if session.number > begin)
            found = nsmallest(most, later, key=lambda session: session.number)
            if found:
                servers = self._servers(set(found))
                return [self._seen(frontend, one, tuple(servers.get(one, ())), now) for one in found]
        return []

    def _matching(self, wanted: Wanted, servers: Mapping[object, list[str]], now: float) -> Iterator[LiveSession]:
        for frontend in self._frontends():
            if wanted.frontend in ("", frontend.name):
                for session in _sessions(frontend):
                    leased = tuple(servers.get(session, ()))
                    if wanted.server in ("", *leased) and wanted.client in ("", session.source[0]):
                        yield self._seen(frontend, session, leased, now)

    def _seen(self, frontend: Frontend, session: Session, leased: tuple[str, ...], now: float) -> LiveSession:
        since, received, sent = session.so_far()
        client, seconds = joined(*session.source), max(0.0, now - since)
        return LiveSession(client, frontend.name, leased, seconds, received, sent, self._id(session), session.number)

    def _servers(self, of: Container[object] | None = None) -> dict[object, list[str]]:
        """By session: the servers that it has slots of.

        :param of: the sessions that matter; by default all.
        """
        servers: dict[object, list[str]] = {}
        for backend in self._every_backend():
            for one in backend.pool.servers.values():
                for lease in one.leases:
                    owner = _owner(lease)
                    if of is None or owner in of:
                        servers.setdefault(owner, []).append(one.full_name)
        return servers

    def _every_backend(self) -> Iterator[Backend]:
        """Also those that are in no configuration, for the ports of annexes."""
        yield from self._backends.values()
        for frontend in self._frontends():
            for annex in frontend.annexes:
                if annex.backend is not None:
                    yield annex.backend

    def _id(self, session: Session) -> str:
        return blake2b(f"{id(session)} {session.so_far()[0]}".encode(), digest_size=6, key=self._key).hexdigest()


def _sessions(frontend: Frontend) -> Iterator[Session]:
    return chain.from_iterable(part.sessions for part in frontend.parts)


def _owner(lease: pool.Lease) -> object:
    """A session chooses itself, or has somebody who does it for each request or dialogue."""
    return lease.holder.session if isinstance(lease.holder, Reaching) else lease.holder
