"""What is the matter with a server, in HAProxy's words and numbers.

HAProxy has one check a server and keeps one number for it, from 0 to ``rise + fall - 1``; here the check speaks that decides.
"""

from attrs import frozen

from exproxy import pool
from exproxy.pool import Admin, Operational

_SEVERITY = (Operational.DOWN, Operational.STOPPING, Operational.STARTING, Operational.UP)

DESCRIPTIONS = {
    "INI": "Initializing",
    "SOCKERR": "Socket error",
    "L4OK": "Layer4 check passed",
    "L4TOUT": "Layer4 timeout",
    "L4CON": "Layer4 connection problem",
    "L6OK": "Layer6 check passed",
    "L6TOUT": "Layer6 timeout",
    "L6RSP": "Layer6 invalid response",
    "L7TOUT": "Layer7 timeout",
    "L7RSP": "Layer7 invalid response",
    "L7OK": "Layer7 check passed",
    "L7OKC": "Layer7 check conditionally passed",
    "L7STS": "Layer7 wrong status",
}
"""``check_desc``, by ``check_status``."""

_NUMBERS = {
    "INI": 1,
    "SOCKERR": 5,
    "L4OK": 6,
    "L4TOUT": 7,
    "L4CON": 8,
    "L6OK": 9,
    "L6TOUT": 10,
    "L6RSP": 11,
    "L7TOUT": 12,
    "L7RSP": 13,
    "L7OK": 15,
    "L7OKC": 16,
    "L7STS": 17,
}
"""``srv_check_status`` (``enum healthcheck_status``)."""


@frozen
class CheckStatus:
    """The check that decides; all of HAProxy's words and numbers for it.

    :param health: 0 to ``rise + fall - 1``; from ``rise`` on it is well.
    :param result: 0 none yet, 2 failed, 3 passed.
    """

    word: str
    number: int
    description: str
    health: int
    result: int
    rise: int
    fall: int
    code: int | None
    duration: int | None
    text: str

    @property
    def full(self) -> bool:
        """Whether nothing speaks against it."""
        return self.health == self.rise + self.fall - 1

    def fraction(self) -> str:
        """``1/3``, behind a state that is about to change."""
        if self.health >= self.rise:
            return f"{self.health - self.rise + 1}/{self.fall}"
        return f"{self.health}/{self.rise}"


def deciding(server: pool.Server) -> CheckStatus | None:
    """The check of which the state comes: the worst of those that are required; ``None`` where there is none."""
    required = [state for state in server.health.checks.values() if state.spec.required]
    if not required:
        return None
    state = min(required, key=lambda one: (_SEVERITY.index(one.verdict), not one.in_transition))
    last = state.last
    word = "INI" if last is None else last.status.removesuffix("D") or ("L7OK" if last.passed else "L7RSP")
    return CheckStatus(
        word=word,
        number=_NUMBERS.get(word, 0),
        description=DESCRIPTIONS.get(word, word),
        health=_health(state),
        result=0 if last is None else 3 if last.passed else 2,
        rise=state.spec.rise,
        fall=state.spec.fall,
        code=None if last is None else last.code,
        duration=None if last is None else round(last.duration * 1000),
        text="" if last is None else last.text,
    )


def _health(state: pool.CheckState) -> int:
    rise, fall = state.spec.rise, state.spec.fall
    match state.verdict:
        case Operational.UP:
            return rise + fall - 1 - min(state.not_passed, fall - 1)
        case Operational.STOPPING:
            return rise + fall - 1
    return min(state.passed, rise - 1)


def status(server: pool.Server) -> str:
    """The column ``status``."""
    if server.admin is Admin.MAINT:
        via = server.own_admin is not Admin.MAINT and server.host.admin is Admin.MAINT
        return f"MAINT (via host/{server.host.name})" if via else "MAINT"
    if server.address is None:
        return "MAINT (resolution)"
    check = deciding(server)
    if server.operational is Operational.STOPPING:
        return "NOLB"
    if server.operational is not Operational.UP:
        if check is None or check.health >= check.rise:
            return "DOWN (agent)" if server.agent_text else "DOWN"
        return f"DOWN {check.fraction()}" if check.health else "DOWN"
    if server.admin is Admin.DRAIN or server.leaving:
        own = server.leaving or Admin.DRAIN in (server.own_admin, server.host.admin)
        return "DRAIN" if own else "DRAIN (agent)"
    if check is None:
        return "no check"
    return "UP" if check.full else f"UP {check.fraction()}"


def stopped(server: pool.Server) -> bool:
    """Whether HAProxy would say that it is stopped: down, or in maintenance."""
    return server.admin is Admin.MAINT or server.operational in (Operational.DOWN, Operational.STARTING)


def operational_number(server: pool.Server) -> int:
    """``srv_op_state`` (``enum srv_state``)."""
    if stopped(server):
        return 0
    if server.operational is Operational.STOPPING:
        return 3
    return 1 if server.slow_starting else 2


def administrative_number(server: pool.Server) -> int:
    """``srv_admin_state`` (``SRV_ADMF_*``), with a host's state as one that is inherited."""
    own = {Admin.READY: 0, Admin.MAINT: 0x01, Admin.DRAIN: 0x08}
    inherited = {Admin.READY: 0, Admin.MAINT: 0x02, Admin.DRAIN: 0x10}
    number = own[server.own_admin] | own[server.agent_admin] | inherited[server.host.admin]
    return number if server.address is not None else number | 0x20
