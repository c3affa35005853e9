"""One server of a back end: what is known of it, and what follows from that for the choice."""

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from exproxy.pool.agent import AgentAnswer
from exproxy.pool.following import ServerState
from exproxy.pool.health import CheckResult, CheckSpec, Health, Verdict
from exproxy.pool.host import Host
from exproxy.pool.lease import Lease
from exproxy.pool.states import Admin, Operational, Transition, in_words, stricter
from exproxy.pool.waiting import Line

if TYPE_CHECKING:
    from exproxy.pool.backend import Backend

UNLIMITED = sys.maxsize
MAX_WEIGHT = 256

SHARE_OF_ONE = 256
"""A weight of 1 in :attr:`Server.share`: so fine a measure that a weight of 1 can start slowly too."""


class Server:
    """A server; :meth:`exproxy.pool.backend.Backend.add` puts it behind a back end.

    What the session code and the balancers read is kept up to date and never reckoned by them:

    - ``opened``: it takes new clients (perhaps it is full); ``awaited``: it may do so when its first checks are done;
    - ``usable``: it takes clients whose table entry names its host; ``starting``: it may do so likewise;
    - ``limit``: sessions at most at this moment; ``share``: the weight at this moment, in 1/256.

    :param address: an IP address; ``None`` until :meth:`resolved`.
    :param port: ``None``: the one that the client reached, or with an ``interface`` none until :meth:`mapped`.
    :param interface: whose port the server's endpoint mapper tells, by name.
    :param weight: 0 to 256; with 0 it gets only clients whose table entry names its host.
    :param slow_start: seconds in which weight and maxconn grow after it came up.
    :param checks: its checks; with none that is required it is up at once.
    :raises ValueError: a weight or maxconn out of range.
    """

    __slots__ = (
        "_agent_maxconn",
        "_agent_percent",
        "_doubting",
        "_quota",
        "_ramp_from",
        "_resolve_error",
        "address",
        "admin",
        "agent_admin",
        "agent_text",
        "awaited",
        "backend",
        "backup",
        "bytes_in",
        "bytes_out",
        "configured_maxconn",
        "configured_weight",
        "elsewhere",
        "failed_connects",
        "failed_in_a_row",
        "full_name",
        "health",
        "host",
        "interface",
        "leases",
        "leaving",
        "limit",
        "line",
        "maxconn",
        "moves",
        "name",
        "opened",
        "own_admin",
        "port",
        "port_error",
        "sessions",
        "share",
        "slow_start",
        "starting",
        "total",
        "usable",
        "weight",
    )

    def __init__(
        self,
        name: str,
        host: Host,
        address: str | None,
        port: int | None,
        *,
        interface: str | None = None,
        weight: int = 1,
        maxconn: int | None = None,
        backup: bool = False,
        slow_start: float = 0.0,
        checks: Sequence[CheckSpec] = (),
        now: float = 0.0,
    ) -> None:
        _demand_weight(name, weight)
        _demand_maxconn(name, maxconn)
        self.name = name
        self.full_name = name
        """``backend/server`` once it stands behind a back end."""
        self.host = host
        self.address = address
        self.port = port
        self.interface = interface
        self.weight = self.configured_weight = weight
        self.maxconn = self.configured_maxconn = maxconn
        self.backup = backup
        self.slow_start = slow_start
        self.moves = 0
        """How often the configuration has said that it is elsewhere: connections from before lead to where it was."""
        self.leaving = False
        """It was taken out of the configuration, and goes with its last session."""
        self.health = Health(checks, name, now)
        self.backend: Backend | None = None
        self.own_admin = Admin.READY
        """What people set on the server itself."""
        self.agent_admin = Admin.READY
        self.agent_text = ""
        """What the agent said last."""
        self.admin = stricter(self.own_admin, host.admin)
        """What holds: the strictest of the server's, the host's and the agent's."""
        self.sessions = 0
        self.elsewhere = 0
        """Sessions that other processes have there: least connections count them too."""
        self.total = 0
        self.bytes_in = 0
        """From clients to the server, until some seconds ago in connections that live; ``bytes_out``: what it sent."""
        self.bytes_out = 0
        self.failed_connects = 0
        self.failed_in_a_row = 0
        self.leases: set[Lease] = set()
        self.line = Line()
        """Tickets of clients that want this one and no other."""
        self._agent_percent = 100
        self._agent_maxconn: int | None = None
        self._quota: int | None = None
        self._ramp_from: float | None = None
        self._resolve_error = ""
        self.port_error = ""
        """Why the endpoint mapper has told no port, as a sentence part; empty while there is one, and before the first answer."""
        self._doubting: Callable[[], object] | None = None
        self.opened = self.awaited = self.usable = self.starting = False
        self.limit = UNLIMITED
        self.share = 0
        self.reckon(now)

    @property
    def operational(self) -> Operational:
        """What checks and agent say."""
        return self.health.operational

    @property
    def queued(self) -> int:
        """Sessions that wait for this server and no other."""
        return len(self.line)

    @property
    def held(self) -> bool:
        """Whether it has a session, here or in another process."""
        return bool(self.leases or self.elsewhere)

    @property
    def slow_starting(self) -> bool:
        """Whether weight and maxconn are still growing."""
        return self._ramp_from is not None

    @property
    def ceiling(self) -> int | None:
        """Sessions at most, as configured or as its agent says, whatever the moment allows."""
        return self.maxconn if self._agent_maxconn is None else self._agent_maxconn

    @property
    def mapped_port(self) -> int | None:
        """What its endpoint mapper has told, if that is where its port comes from."""
        return None if self.interface is None else self.port

    @property
    def located(self) -> bool:
        """Whether it is known where it is."""
        return self.address is not None and (self.interface is None or self.port is not None)

    def place(self, reached: int) -> tuple[str, int] | None:
        """Where a client goes that reached us on that port; ``None``: that is not known."""
        if self.address is None or not self.located:
            return None
        return self.address, self.port or reached

    def condition(self) -> str:
        """What is the matter, for people: ``is down: SMTP said 554 No``."""
        if self.leaving:
            return "is not in the configuration any more, and goes with its last session"
        if self.admin is Admin.MAINT or (self.admin is Admin.DRAIN and self.operational is Operational.UP):
            return in_words(self.admin)
        if self.address is None and self._resolve_error:
            return f"has no address: {self._resolve_error}"
        if self.address is None and self.operational is Operational.UP:
            return "has no address yet"
        if not self.located and self.port_error and self.operational is not Operational.DOWN:
            return f"has no port: {self.port_error}"
        if not self.located and self.operational is Operational.UP:
            return "has no port yet"
        words = in_words(self.operational)
        if self.operational is Operational.UP and not self.share:
            return f"{words}, but has weight 0"
        return f"{words}: {self.health.reason}" if self.health.reason else words

    # What checks, agents, sessions and the DNS find.

    def observe(self, check: str, result: CheckResult, now: float) -> Transition | None:
        """A check has ended.  Sessions are granted, denied and evicted as follows from it.

        :raises KeyError: there is no such check.
        """
        known = self.health.offers
        transition = self.health.observe(check, result, now)
        if self.health.offers != known and self.backend is not None:
            self.backend.notice(self)
        return self._operational(transition, now)

    def recall(self, verdicts: Mapping[str, Verdict], since: float, now: float) -> Transition | None:
        """Begin with what the checks of another process found (:meth:`exproxy.pool.health.Health.recall`)."""
        return self._operational(self.health.recall(verdicts, since, now), now)

    def connect_failed(self, lease: Lease, now: float) -> Transition | None:
        """A session could not connect; ``error_limit`` such failures in a row count as a failed check."""
        self.failed_connects += 1
        self.failed_in_a_row += 1
        self._doubt()
        return self._suspect(lease.backend.error_limit, now, lease)

    def carried(self, sent: int, received: int) -> None:
        """So many bytes more went to it and came from it."""
        self.bytes_in += sent
        self.bytes_out += received

    def connects_failed_elsewhere(self, count: int, now: float) -> None:
        """Sessions of other processes could not connect; all count together."""
        self.failed_connects += count
        for _ in range(count):
            self.failed_in_a_row += 1
            self._suspect(None if self.backend is None else self.backend.error_limit, now, None)
        if count:
            self._doubt()

    def agent(self, answer: AgentAnswer, now: float) -> Transition | None:
        """The agent has answered.  Returns the operational transition, if it made one."""
        self.agent_text = answer.text
        transition = None
        if answer.up is not None:
            word = "up" if answer.up else "down"
            text = f"its agent said {answer.text or word}"
            transition = self.health.agent(answer.up, text, now)
        if answer.weight is not None:
            self._agent_percent = answer.weight
        if answer.maxconn is not None:
            self._agent_maxconn = answer.maxconn
        if answer.admin is not None:
            self.agent_admin = answer.admin
        self._administrative(now, f"its agent said {answer.text or self.agent_admin.value}")
        if transition is None:
            self._settled(now)
        return self._operational(transition, now)

    def resolved(self, address: str, now: float) -> None:
        """The DNS has answered; sessions from now on go there."""
        moved = address != self.address
        self.address = address
        self._resolve_error = ""
        if moved and self.interface is not None:
            self.port = None  # another machine has another one
            self.port_error = ""
        self._settled(now)
        if moved:
            self._doubt()

    def move(self, address: str, port: int | None, now: float) -> None:
        """People have said where it is: sessions and checks from now on go there, until a name is resolved to another address.

        :param port: ``None``: as before.
        :raises ValueError: its endpoint mapper tells the port.
        """
        if port is not None and self.interface is not None:
            raise ValueError(f"server {self.full_name}: its endpoint mapper tells the port of {self.interface}")
        moved = address == self.address and port not in (None, self.port)
        self.port = self.port if port is None else port
        self.resolved(address, now)
        if moved:
            self._doubt()

    def resolve_failed(self, reason: str, now: float) -> None:
        """The DNS has not answered: the last address is kept; without one, nobody waits for this server any more."""
        self._resolve_error = reason
        self._settled(now)

    def mapped(self, port: int, now: float) -> Transition | None:
        """The endpoint mapper has told the port; sessions from now on go there."""
        if port == self.port and not self.port_error:
            return None
        self.port = port
        self.port_error = ""
        return self._located("", f"{self.interface} is at port {port}", now)

    def unmapped(self, reason: str, now: float) -> Transition | None:
        """The endpoint mapper has no port to tell: the server is down until it has."""
        if self.port is None and self.port_error == reason:
            return None
        self.port = None
        self.port_error = reason
        return self._located(reason, reason, now)

    def mapping_failed(self, reason: str, now: float) -> None:
        """The endpoint mapper has not answered: the last port is kept; without one, nobody waits for this server any more."""
        if self.port is None:
            self.port_error = reason
            self._settled(now)

    def when_in_doubt(self, call: Callable[[], object] | None) -> None:
        """Have ``call`` called when a session could not connect, and when the server has another address."""
        self._doubting = call

    # What another process has found and set (exproxy.pool.following).

    def state(self, now: float) -> ServerState:
        """What others have to know."""
        return ServerState(
            operational=self.operational,
            reason=self.health.reason,
            admin=self.admin,
            weight=self.weight,
            percent=self._agent_percent,
            maxconn=self.ceiling,
            address=self.address,
            resolve_error=self._resolve_error,
            port=self.port,
            port_error=self.port_error,
            ramped=None if self._ramp_from is None else now - self._ramp_from,
            offers=self.health.offers,
        )

    def follow(self, state: ServerState, now: float) -> None:
        """Be what another process says; :func:`exproxy.pool.following.follow` has the back ends choose anew."""
        self.weight, self._agent_percent, self.maxconn = state.weight, state.percent, state.maxconn
        self.address, self._resolve_error = state.address, state.resolve_error
        self.port, self.port_error = state.port, state.port_error
        self.health.offers = state.offers
        self.own_admin = state.admin
        self._administrative(now, f"it was set to {state.admin.value}")
        transition = self.health.follow(state.operational, state.reason, now)
        if transition is not None:
            self._announce(transition, None)
        self._ramp_from = None if state.ramped is None else now - state.ramped
        self.reckon(now)

    def set_quota(self, quota: int, now: float) -> None:
        """Of its maxconn, if it has one, so many sessions are this process's; 0 for none at the moment."""
        self._quota = quota
        self._settled(now)

    # What the configuration says anew.

    def become(self, fresh: "Server", moved: bool, now: float) -> None:
        """Be configured like ``fresh``, which stands behind no back end; what was found, counted and set by hand stays.

        A weight, limit or address that was set by hand stays until the configuration has another one than it had.  Who does this
        has the back end choose anew when all its servers have changed.

        :param moved: it is elsewhere now: checks, agent and endpoint mapper begin anew.
        """
        if moved:
            self.moves += 1
            self.address, self.port, self.interface = fresh.address, fresh.port, fresh.interface
            self._resolve_error = self.port_error = ""
            self.failed_in_a_row = 0
            self._ramp_from = None
        if fresh.configured_weight != self.configured_weight:
            self.weight = self.configured_weight = fresh.configured_weight
        if fresh.configured_maxconn != self.configured_maxconn:
            self.maxconn = self.configured_maxconn = fresh.configured_maxconn
        self.backup, self.slow_start = fresh.backup, fresh.slow_start
        self.leaving = False
        transition = self.health.become(fresh.health, moved, now)
        if transition is not None:
            if transition.new is not Operational.UP:
                self._ramp_from = None
            self._announce(transition, None)
        self._administrative(now, "its configuration has changed")
        self.reckon(now)

    def forget_agent(self, now: float) -> None:
        """It has no agent any more: what that said does not hold.  As with :meth:`become`, the back end chooses afterwards."""
        self.agent_text = ""
        self._agent_percent, self._agent_maxconn = 100, None
        self.agent_admin = Admin.READY
        transition = self.health.agent(True, "it has no agent any more", now)
        if transition is not None:
            self._announce(transition, None)
        self._administrative(now, "it has no agent any more")
        self.reckon(now)

    # What people set.

    def set_admin(self, admin: Admin, now: float, by: str = "") -> None:
        """Set the server itself; host and agent may be stricter.

        :param by: who did it, for texts.
        """
        self.own_admin = admin
        self._administrative(now, f"it was set to {admin.value}{f' by {by}' if by else ''}")
        self._settled(now)

    def set_weight(self, weight: int, now: float) -> None:
        """:raises ValueError: not 0 to 256."""
        _demand_weight(self.name, weight)
        self.weight = weight
        self._settled(now)

    def set_health(self, operational: Operational, now: float, by: str = "") -> Transition | None:
        """Believe a person for the time being: the next results of its checks count from there.

        :raises ValueError: it has no check that could change that again.
        """
        text = f"it was said to be {operational.value}{f' by {by}' if by else ''}"
        return self._operational(self.health.believe(operational, text, now), now)

    def set_maxconn(self, maxconn: int | None, now: float) -> None:
        """Sessions beyond a smaller limit stay; new ones wait.

        :raises ValueError: less than 1.
        """
        _demand_maxconn(self.name, maxconn)
        self.maxconn = maxconn
        self._settled(now)

    def host_changed(self, now: float, reason: str) -> None:
        """For :class:`Host`, which has the back ends choose anew when all its servers have changed."""
        self._administrative(now, reason)
        self.reckon(now)

    # What follows from all that.

    def reckon(self, now: float) -> bool:
        """Bring what follows up to date; returns whether the server is usable otherwise than before."""
        before = (self.opened, self.awaited, self.usable, self.starting)
        operational = self.health.operational
        placed = self.backend is not None and not self.leaving
        up = placed and operational is Operational.UP and self.located
        hopeless = not self.located and bool(self._resolve_error if self.address is None else self.port_error)
        starting = placed and not up and not hopeless and operational in (Operational.UP, Operational.STARTING)
        self._reckon_capacity(now)
        self.usable = up and self.admin is not Admin.MAINT
        self.starting = starting and self.admin is not Admin.MAINT
        self.opened = up and self.admin is Admin.READY and self.share > 0
        self.awaited = starting and self.admin is Admin.READY and self.share > 0
        return before != (self.opened, self.awaited, self.usable, self.starting)

    def _reckon_capacity(self, now: float) -> None:
        fraction = self._ramp(now)
        full = SHARE_OF_ONE * self.weight * self._agent_percent // 100
        self.share = max(1, int(full * fraction)) if full else 0
        maxconn = self.ceiling
        if maxconn is not None and self._quota is not None:
            maxconn = self._quota
        self.limit = UNLIMITED if maxconn is None else max(min(1, maxconn), int(maxconn * fraction))

    def _ramp(self, now: float) -> float:
        """How much of its strength a server has that came up not long ago."""
        if self._ramp_from is None:
            return 1.0
        passed = now - self._ramp_from
        if passed >= self.slow_start:
            self._ramp_from = None
            return 1.0
        return max(0.0, passed / self.slow_start)

    def _operational(self, transition: Transition | None, now: float, but: Lease | None = None) -> Transition | None:
        if transition is None:
            return None
        if transition.new is not Operational.UP:
            self._ramp_from = None
        elif transition.old is not Operational.STARTING and self.slow_start > 0:
            self._ramp_from = now
        if transition.new is Operational.UP:
            self.failed_in_a_row = 0
        self._announce(transition, but)
        self._settled(now)
        return transition

    def _located(self, missing: str, text: str, now: float) -> Transition | None:
        transition = self.health.locate(missing, text, now)
        if transition is None:
            self._settled(now)
        return self._operational(transition, now)

    def _doubt(self) -> None:
        if self._doubting is not None:
            self._doubting()

    def _suspect(self, limit: int | None, now: float, but: Lease | None) -> Transition | None:
        if limit is None or self.failed_in_a_row < limit:
            return None
        self.failed_in_a_row = 0
        return self._operational(self.health.suspect(f"{limit} connects of sessions in a row failed", now), now, but)

    def _administrative(self, now: float, reason: str) -> None:
        old = self.admin
        new = stricter(self.own_admin, self.host.admin, self.agent_admin)
        if new is old:
            return
        self.admin = new
        # A server that returns from maintenance is as cold as one that returns from the dead.
        if old is Admin.MAINT and self.operational is Operational.UP and self.slow_start > 0:
            self._ramp_from = now
        self._announce(Transition(self.full_name, old, new, reason, now), None)

    def _announce(self, transition: Transition, but: Lease | None) -> None:
        if self.backend is not None:
            self.backend.changed(self, transition, but)

    def _settled(self, now: float) -> None:
        if self.backend is not None:
            self.backend.server_changed(self, now)
        else:
            self.reckon(now)


def _demand_weight(name: str, weight: int) -> None:
    if not 0 <= weight <= MAX_WEIGHT:
        raise ValueError(f"server {name}: a weight is 0 to {MAX_WEIGHT}, not {weight}")


def _demand_maxconn(name: str, maxconn: int | None) -> None:
    if maxconn is not None and maxconn < 1:
        raise ValueError(f"server {name}: maxconn is at least 1, not {maxconn}")
