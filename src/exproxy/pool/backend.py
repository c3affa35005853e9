"""A back end: who gets which server, who waits, and who is told.

Which servers are in play stands in a plan (:mod:`exproxy.pool.plan`), made when a server changes and never per session.  A table
that has an entry for the client chooses before the balancer does (:mod:`exproxy.pool.group`).

A session that gets no slot stands in one of three lines: its server's, when it wants that one and no other (a table's entry or
``source``); the common line, when any server will do; or it is parked until the first checks are done.  A slot that falls free
goes to the oldest who may use it.
"""

import enum
from collections.abc import Callable, Collection, Sequence
from random import Random
from typing import Literal

from exproxy.pool.balance.names import Balance, balancer
from exproxy.pool.errors import NoServer, QueueFull
from exproxy.pool.group import Group
from exproxy.pool.host import Host
from exproxy.pool.key import SourceKeys
from exproxy.pool.lease import Holder, Lease
from exproxy.pool.notices import Announced, Denied, Evicted, Granted, Listener, Outbox
from exproxy.pool.plan import Stage, make_plan
from exproxy.pool.server import UNLIMITED, Server
from exproxy.pool.states import Admin, Operational, Transition
from exproxy.pool.table import Entry
from exproxy.pool.waiting import Line, Ticket

WENT_DOWN = "D"
"""The reason of an eviction, in the letters of HAProxy's termination codes: the server went down, or into maintenance."""
BETTER_UP = "U"
"""A server that is not a backup came up."""
BY_HAND = "K"
"""An administrator wants it."""

OnMarkedDown = Literal["none", "shutdown-sessions"]
OnMarkedUp = Literal["none", "shutdown-backup-sessions"]


class _Wait(enum.Enum):
    """What a session waits for that has no server."""

    SLOT = 1
    STATE = 2


_KEYS = SourceKeys()


class Backend:
    """Servers for one purpose.

    :param rng: for ``random`` as balance.
    :param maxconn: sessions at most over all servers; more wait.
    :param queue_size: sessions that may wait; one more is refused.
    :param error_limit: so many connects in a row that fail count as one failed check; ``None``: nobody counts.
    :param group: persistence: the table that chooses first, alone or with other back ends.
    :param required: in a group: hosts are chosen only while this back end has a usable server there.
    """

    __slots__ = (
        "_balancer",
        "_by_host",
        "_common",
        "_entering",
        "_listeners",
        "_numbers",
        "_outbox",
        "_parked",
        "_plan",
        "_rng",
        "_watchers",
        "balance",
        "error_limit",
        "group",
        "key_for",
        "leaving",
        "limit",
        "name",
        "needs_key",
        "on_marked_down",
        "on_marked_up",
        "queue_size",
        "queued",
        "refused",
        "required",
        "servers",
        "sessions",
        "total",
    )

    def __init__(
        self,
        name: str,
        balance: Balance = "roundrobin",
        *,
        rng: Random,
        maxconn: int | None = None,
        queue_size: int = 10_000,
        on_marked_down: OnMarkedDown = "none",
        on_marked_up: OnMarkedUp = "none",
        error_limit: int | None = None,
        group: Group | None = None,
        required: bool = True,
    ) -> None:
        self.name = name
        self.queue_size = queue_size
        self.on_marked_down = on_marked_down
        self.on_marked_up = on_marked_up
        self.error_limit = error_limit
        self.required = required
        self.leaving = False
        """It was taken out of the configuration: who has come for it before goes on, and nobody else comes."""
        self.servers: dict[str, Server] = {}
        """By name, in the order of the configuration."""
        self.sessions = 0
        """Leases that are out."""
        self.queued = 0
        self.total = 0
        """Leases ever."""
        self.refused = 0
        """Sessions that got :class:`NoServer`, at once or after a wait."""
        self.limit = UNLIMITED if maxconn is None else maxconn
        self._rng = rng
        self._by_host: dict[str, list[Server]] = {}
        self._plan = make_plan((), None)
        self._common = Line()
        self._parked = Line()
        self._entering: dict[bytes, Line] = {}
        self._numbers = 0
        self._outbox = Outbox()
        self._listeners: tuple[Listener, ...] = ()
        self._watchers: tuple[Callable[[Server], object], ...] = ()
        self.group = group
        self.key_for = _KEYS.key if group is None else group.table.key_for
        """From a client's address (no brackets) to the key of :meth:`acquire`; raises ValueError for what is no address."""
        if group is not None:
            group.join(self)
        self.balance = balance
        self._balancer = balancer(balance, rng)
        self._take_balancer(balance)

    # ---- what sessions ask

    def acquire(
        self,
        holder: Holder,
        key: bytes | None,
        now: float,
        avoid: Collection[Server] = (),
        host: str | None = None,
        address: bytes | None = None,
    ) -> Lease | Ticket:
        """A slot of a server, or a place in the queue.

        :param key: from :attr:`key_for`, where :attr:`needs_key`; ``None``: the client has no address.
        :param avoid: servers that were tried in vain, the last one first: another one is taken if there is any that is not full,
            and a table's entry that names the host of one of them moves.
        :param host: where the client itself wants to go, with a group: that comes before an entry.
        :param address: from :attr:`key_for`, for a client without a key: what ``source`` goes by, and nobody remembers.
        :raises QueueFull: too many wait already.
        :raises NoServer: no server is usable, or about to be.
        """
        try:
            got = self._attempt(holder, key, now, avoid, host, address)
        except NoServer:
            self.refused += 1
            raise
        if isinstance(got, Lease):
            return got
        return self._enqueue(Ticket(self, holder, key, avoid, self._numbers + 1, now, host, address), got)

    def bound(self, key: bytes | None, host: str | None, now: float) -> str | None:
        """The host to which :meth:`acquire` would send a client because of its past; ``None``: it is chosen anew."""
        group = self.group
        if group is None:
            return None
        if host is not None and group.standing(host).holds and self._on(host, ()) is not None:
            return host
        entry = group.table.find(key, now) if key is not None and group.remembers else None
        if entry is not None and group.standing(entry.host).holds and self._on(entry.host, ()) is not None:
            return entry.host
        return None

    def released(self, lease: Lease, now: float) -> None:
        """For :meth:`Lease.release`: the slot is free."""
        server = lease.server
        self.sessions -= 1
        server.sessions -= 1
        server.leases.discard(lease)
        if lease.entry is not None and self.group is not None:
            self.group.table.let_go(lease.entry, now)
        if server.leaving and not server.held and not self.leaving:
            self._part_with(server)
        if self.queued:
            self._serve(now)
            self._outbox.deliver()

    def give_up(self, ticket: Ticket, now: float) -> None:
        """For :meth:`Ticket.cancel`."""
        if ticket.line is not None:
            ticket.line.remove(ticket)
            self.queued -= 1
        elif ticket.lease is not None and not ticket.told and not ticket.lease.released:
            ticket.lease.release(now)
        ticket.given_up = True

    # ---- what the site and the administrator ask

    def add(self, server: Server, now: float) -> None:
        """Put a server behind this back end.

        :raises ValueError: it stands behind one already, or there is one of its name.
        """
        if server.backend is not None:
            raise ValueError(f"server {server.full_name} stands behind a back end already")
        if server.name in self.servers:
            raise ValueError(f"back end {self.name} has a server {server.name} already")
        server.backend = self
        server.full_name = server.health.name = f"{self.name}/{server.name}"
        server.host.servers.append(server)
        self.servers[server.name] = server
        self._by_host.setdefault(server.host.name, []).append(server)
        server.reckon(now)
        self.settle(now)

    def reconfigure(
        self,
        balance: Balance,
        *,
        maxconn: int | None,
        queue_size: int,
        on_marked_down: OnMarkedDown,
        on_marked_up: OnMarkedUp,
        error_limit: int | None,
        group: Group | None,
        required: bool,
        now: float,
    ) -> None:
        """Be as :meth:`__init__` would have made it, with all that is there; :meth:`settle` has to follow."""
        self.leaving = False
        self.limit = UNLIMITED if maxconn is None else maxconn
        self.queue_size = queue_size
        self.on_marked_down = on_marked_down
        self.on_marked_up = on_marked_up
        self.error_limit = error_limit
        self.required = required
        if group is not self.group:
            self.regroup(group, now)
        self._take_balancer(balance)

    def rearrange(self, servers: Sequence[Server], now: float) -> None:
        """Have these servers and no others, in this order; :meth:`settle` has to follow.

        Others let nobody in any more, and go with their last session.  Those that are new stand behind no back end yet.
        """
        before = self.servers
        staying = {server.name: server for server in servers}
        self.servers = staying | {name: server for name, server in before.items() if name not in staying}
        for server in servers:
            if server.backend is None:
                server.backend = self
                server.full_name = server.health.name = f"{self.name}/{server.name}"
                server.host.servers.append(server)
                server.reckon(now)
        for name, server in before.items():
            if name in staying:
                continue
            server.leaving = True
            server.reckon(now)
            self.notice(server)
            if not server.held:
                self._part_with(server)
        self._arrange_hosts()

    def leave(self, now: float) -> None:
        """Be in no configuration any more.

        Who waits here, or was accepted before and asks only now, is sent to any of the servers that may be well: there will be no
        checks that could be waited for, nor anywhere else to go.
        """
        self.leaving = True
        if self.group is not None:
            self.regroup(None, now)
        for server in self.servers.values():
            server.leaving = True
            server.reckon(now)
            self.notice(server)
        self.settle(now)

    def sweep(self) -> bool:
        """Part with servers whose last sessions, in other processes, have ended meanwhile; and with all, when the back end itself
        is in no configuration and has nobody any more.

        :returns: whether nothing is left of the back end.
        """
        gone = [server for server in self.servers.values() if server.leaving and not server.held]
        if self.leaving and len(gone) < len(self.servers):
            return False
        for server in gone:
            self._part_with(server)
        return self.leaving

    def _part_with(self, server: Server) -> None:
        """It is not in the configuration any more, and has no session."""
        del self.servers[server.name]
        server.host.servers.remove(server)
        server.backend = None
        for ticket in server.line.take_all():
            self._parked.put(ticket)
        self._arrange_hosts()

    def move(self, server: Server, host: Host) -> None:
        """A server is a service of another host now; :meth:`settle` has to follow."""
        server.host.servers.remove(server)
        server.host = host
        host.servers.append(server)
        self._arrange_hosts()

    def regroup(self, group: Group | None, now: float) -> None:
        """Choose by another table, or by none; what live sessions use of the former one is let go.

        :meth:`settle` has to follow.
        """
        former = self.group
        if former is not None:
            former.forget(self)
            for lease in (lease for server in self.servers.values() for lease in server.leases):
                if lease.entry is not None:
                    former.table.let_go(lease.entry, now)
                    lease.entry = None
        for line in self._entering.values():
            for ticket in line.take_all():
                self._parked.put(ticket)
        self._entering.clear()
        self.group = group
        self.key_for = _KEYS.key if group is None else group.table.key_for
        if group is not None:
            group.join(self)

    def remove(self, name: str, now: float) -> Server:
        """Take a server out; its sessions go on and are released as ever, who waits for it waits for another.

        :raises KeyError: there is no such server.
        """
        server = self.servers.pop(name)
        server.backend = None
        server.host.servers.remove(server)
        neighbours = self._by_host[server.host.name]
        neighbours.remove(server)
        if not neighbours:
            del self._by_host[server.host.name]
        for ticket in server.line.take_all():
            self._parked.put(ticket)
        server.reckon(now)
        self.settle(now)
        return server

    def retire(self, now: float) -> None:
        """End: all servers go, who waits is denied, the group goes on without this back end.  Live sessions go on."""
        for name in tuple(self.servers):
            self.remove(name, now)
        if self.group is not None:
            self.group.leave(self, now)

    def set_balance(self, balance: Balance, now: float) -> None:
        """Choose by another algorithm from now on."""
        self._take_balancer(balance)
        self.settle(now)

    def end_sessions(self, server: Server) -> int:
        """Have a server's sessions end, whatever they are doing; who is only on the way to it is sent elsewhere, where that is
        allowed.  Returns how many are told."""
        told = sum(not lease.evicted for lease in server.leases)
        self._evict(server, BY_HAND, None)
        self.deliver()
        return told

    def set_maxconn(self, maxconn: int | None, now: float) -> None:
        """Sessions beyond a smaller limit stay; new ones wait."""
        self.limit = UNLIMITED if maxconn is None else maxconn
        self._capacity_changed(now)
        self.deliver()

    def subscribe(self, listener: Listener) -> None:
        """Have every operational and administrative change of a server told once; ``listener`` may not raise."""
        self._listeners += (listener,)

    def watch(self, watcher: Callable[[Server], object]) -> None:
        """Have a server told of which anything may have changed: state, weight, limits, address.  ``watcher`` may not raise, and
        reads the server only when the call under way is over."""
        self._watchers += (watcher,)

    def unwatch(self, watcher: Callable[[Server], object]) -> None:
        """Tell it no more."""
        self._watchers = tuple(each for each in self._watchers if each != watcher)

    def tick(self, now: float) -> None:
        """Let servers that start slowly grow; about once a second."""
        growing = [server for server in self.servers.values() if server.slow_starting]
        for server in growing:
            server.reckon(now)
        if growing:
            self._capacity_changed(now)
        self.deliver()

    @property
    def usable(self) -> int:
        """How many servers take new clients, backups included."""
        return sum(server.opened for server in self.servers.values())

    @property
    def staying(self) -> Sequence[Server]:
        """The servers of the configuration: without those that only have sessions left."""
        return [server for server in self.servers.values() if not server.leaving]

    def remaining(self) -> str:
        """``1 of 2 servers of hub left``."""
        return f"{self.usable} of {len(self.staying)} servers of {self.name} left"

    def describe(self, transition: Transition) -> str:
        """The sentence about a transition, with what is left."""
        better = transition.new in (Operational.UP, Admin.READY)
        count = f"{self.usable} of {len(self.staying)} servers of {self.name} usable" if better else self.remaining()
        return f"{transition.sentence}; {count}"

    # ---- for servers and the group

    @property
    def host_names(self) -> tuple[str, ...]:
        """Where the servers are."""
        return tuple(self._by_host)

    def servers_on(self, host: str) -> Sequence[Server]:
        """The servers on a host; mostly one."""
        return self._by_host.get(host, ())

    def changed(self, server: Server, transition: Transition, but: Lease | None) -> None:
        """Note what is to be told of a transition; :meth:`deliver` tells it, once everything is settled.

        :param but: a lease whose holder knows already.
        """
        self.notice(server)
        if self._listeners:
            self._outbox.put(Announced(transition, self._listeners))
        if self.on_marked_down == "shutdown-sessions" and transition.new in (Operational.DOWN, Admin.MAINT):
            self._evict(server, WENT_DOWN, but)

    def notice(self, server: Server) -> None:
        """Tell those who watch it."""
        for watcher in self._watchers:
            watcher(server)

    def server_changed(self, server: Server, now: float) -> None:
        """Act on a server of which anything has changed."""
        self.notice(server)
        if server.reckon(now):
            self.settle(now)
        else:
            self._capacity_changed(now)
            self.deliver()

    def settle(self, now: float) -> None:
        """Servers have become usable, or not: choose anew for all who wait, in the whole group, and tell them."""
        if self.group is not None:
            self.group.settle(now)
        else:
            self.replan(now)
            self.deliver()

    def replan(self, now: float) -> None:
        """Reckon which servers are in play, and choose anew for all who wait; :meth:`deliver` tells them."""
        before = self._plan
        self._plan = plan = make_plan(self.servers.values(), self.group)
        self._balancer.arrange(plan.servers)
        if self.on_marked_up == "shutdown-backup-sessions" and plan.primary and not before.primary:
            for server in self.servers.values():
                if server.backup:
                    self._evict(server, BETTER_UP, None)
        if self.queued:
            self._reseat(now)

    def entered(self, key: bytes, now: float) -> None:
        """For :meth:`Group.answered`: the table has an entry for those who wait for one; :meth:`deliver` tells them."""
        line = self._entering.pop(key, None)
        if line is not None:
            for ticket in line.take_all():
                self._seat(ticket, now)

    def deliver(self) -> None:
        """Tell holders and listeners what has come about."""
        self._outbox.deliver()

    # ---- choosing

    def _attempt(
        self,
        holder: Holder,
        key: bytes | None,
        now: float,
        avoid: Collection[Server],
        host: str | None,
        address: bytes | None,
    ) -> Lease | Server | _Wait | Line:
        """A lease; or the full server to wait for; or what else to wait for; or the line of those whose entry is being made."""
        if self.leaving:
            return self._lease(self._leftover(avoid), holder, persistent=False, entry=None)
        if self.group is not None:
            return self._attempt_by_table(self.group, holder, key, now, avoid, host, address)
        chosen = self._choose(key, avoid)
        if isinstance(chosen, Server) and chosen.sessions < chosen.limit:
            return self._lease(chosen, holder, persistent=False, entry=None)
        return chosen

    def _attempt_by_table(
        self,
        group: Group,
        holder: Holder,
        key: bytes | None,
        now: float,
        avoid: Collection[Server],
        host: str | None,
        address: bytes | None,
    ) -> Lease | Server | _Wait | Line:
        lasting = True
        remembers = key is not None and group.remembers
        entry = group.table.find(key, now) if key is not None and remembers else None
        for wanted, source in ((host, None), (None if entry is None else entry.host, entry)):
            if wanted is not None:
                standing = group.standing(wanted)
                if standing.holds:
                    server = self._on(wanted, avoid)
                    if server is not None:
                        return self._follow(server, holder, source)
                    lasting = self.required
                elif standing.may_hold:
                    return _Wait.STATE
        chosen = self._choose(address if key is None else key, avoid)
        if not isinstance(chosen, Server) or chosen.sessions >= chosen.limit:
            return chosen
        lasting = lasting and self._plan.stage is Stage.OPEN
        if not lasting or key is None or not remembers:
            return self._lease(chosen, holder, persistent=False, entry=None, lasting=lasting)
        if group.asks(key, chosen.host.name, None if entry is None else entry.host):
            return self._entering.setdefault(key, Line())
        entry = group.table.bind(key, chosen.host.name, now)
        return self._lease(chosen, holder, persistent=False, entry=entry, lasting=True)

    def _follow(self, server: Server, holder: Holder, entry: Entry | None) -> Lease | Server | _Wait:
        """A table's entry has chosen, or the client itself."""
        if server.sessions >= server.limit:
            return server
        if self.sessions >= self.limit:
            return _Wait.SLOT
        return self._lease(server, holder, persistent=True, entry=entry, lasting=True)

    def _on(self, host: str, avoid: Collection[Server]) -> Server | None:
        """A usable server on that host, one that is not full if there are several."""
        full = None
        for server in self._by_host.get(host, ()):
            if server.usable and server not in avoid:
                if server.sessions < server.limit:
                    return server
                full = full or server
        return full

    def _choose(self, key: bytes | None, avoid: Collection[Server]) -> Server | _Wait:
        """The balancer's choice; full only if the balancer insists."""
        if self._plan.stage is Stage.CLOSED:
            raise NoServer(self._why())
        if self._plan.stage is Stage.AWAITED:
            return _Wait.STATE
        if self.sessions >= self.limit:
            return _Wait.SLOT
        server = self._balancer.pick(key, avoid)
        if server is not None:
            return server
        for tried in avoid:
            if tried.sessions < tried.limit and tried in self._plan.servers:
                return tried
        return _Wait.SLOT

    def _leftover(self, avoid: Collection[Server]) -> Server:
        """Of servers that nobody looks at any more, the one that was best when somebody did."""
        located = [server for server in self.servers.values() if server.located and server.admin is not Admin.MAINT]
        if not located:
            raise NoServer(self._why())
        return min(located, key=lambda server: (server in avoid, server.operational is not Operational.UP, server.sessions))

    def _lease(self, server: Server, holder: Holder, persistent: bool, entry: Entry | None, lasting: bool = False) -> Lease:
        self.sessions += 1
        self.total += 1
        server.sessions += 1
        server.total += 1
        lease = Lease(server, self, holder, persistent, entry, lasting)
        server.leases.add(lease)
        if entry is not None:
            entry.live += 1
        return lease

    # ---- waiting

    def _enqueue(self, ticket: Ticket, where: Server | _Wait | Line) -> Ticket:
        if self.queued >= self.queue_size:
            self.refused += 1
            raise QueueFull(f"{self.queued} sessions wait for {self.name} already, as many as may (queue_size)")
        self._numbers += 1
        ticket.full = where is _Wait.SLOT or isinstance(where, Server)
        self._line(where).put(ticket)
        self.queued += 1
        return ticket

    def _line(self, where: Server | _Wait | Line) -> Line:
        if isinstance(where, Line):
            return where
        if isinstance(where, Server):
            return where.line
        return self._common if where is _Wait.SLOT else self._parked

    def _serve(self, now: float) -> None:
        """Give free slots to those who wait, the oldest first."""
        common = True
        while self.queued and self.sessions < self.limit:
            ticket = self._oldest(common)
            if ticket is None:
                return
            assert ticket.line is not None
            ticket.line.remove(ticket)
            self._seat(ticket, now)
            # Back in the common line: every server that any of them could use is full.
            common = common and ticket.line is not self._common

    def _oldest(self, common: bool) -> Ticket | None:
        """Who may have a slot next."""
        oldest = self._common.oldest() if common else None
        for server in self.servers.values():
            if len(server.line) and server.sessions < server.limit:
                ticket = server.line.oldest()
                if ticket is not None and (oldest is None or ticket.number < oldest.number):
                    oldest = ticket
        return oldest

    def _reseat(self, now: float) -> None:
        """Choose anew for all who wait, the oldest first."""
        lines = [self._common, self._parked, *self._entering.values(), *(server.line for server in self.servers.values())]
        tickets = [ticket for line in lines for ticket in line.take_all()]
        tickets.sort(key=lambda ticket: ticket.number)
        for ticket in tickets:
            self._seat(ticket, now)

    def _seat(self, ticket: Ticket, now: float) -> None:
        """Choose for a ticket that stands in no line."""
        try:
            got = self._attempt(ticket.holder, ticket.key, now, ticket.avoid, ticket.host, ticket.address)
        except NoServer as error:
            self.queued -= 1
            self.refused += 1
            self._outbox.put(Denied(ticket, error))
            return
        if isinstance(got, Lease):
            self.queued -= 1
            ticket.lease = got
            self._outbox.put(Granted(ticket, got))
        else:
            self._line(got).put(ticket)

    # ---- what else follows from a change

    def _capacity_changed(self, now: float) -> None:
        """The same servers are in play, with other shares or limits."""
        self._balancer.arrange(self._plan.servers)
        if self.queued:
            self._serve(now)

    def _take_balancer(self, balance: Balance) -> None:
        if balance != self.balance:
            self.balance = balance
            self._balancer = balancer(balance, self._rng)
        self.needs_key = self._balancer.keyed or (self.group is not None and self.group.remembers)

    def _arrange_hosts(self) -> None:
        self._by_host = {}
        for server in self.servers.values():
            self._by_host.setdefault(server.host.name, []).append(server)

    def _evict(self, server: Server, reason: str, but: Lease | None) -> None:
        for lease in server.leases:
            if lease is not but:
                self._outbox.put(Evicted(lease, reason))

    def _why(self) -> str:
        servers = self.staying or self.servers.values()
        if not servers:
            return f"back end {self.name} has no servers"
        which = f"all {len(servers)} servers" if len(servers) > 1 else "the only server"
        down = all(server.operational is Operational.DOWN and server.admin is not Admin.MAINT for server in servers)
        state = ("are" if len(servers) > 1 else "is") + (" down" if down else " not usable")
        return f"{which} of {self.name} {state}: " + "; ".join(f"{server.name} {server.condition()}" for server in servers)
