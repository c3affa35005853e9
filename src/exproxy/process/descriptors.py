"""File descriptors: how many are needed, reckoned before the first client comes, and the limit raised to that."""

import sys

from attrs import frozen


class DescriptorLimitError(Exception):
    """The system allows fewer descriptors than the configuration needs."""


@frozen
class Needed:
    """What the descriptors are for."""

    maxconn: int
    """Sessions; each has two, the client's and the server's."""
    listeners: int
    """Listening sockets, one each."""
    servers: int
    """One each, for the agent or the look-up of its name."""
    checks: int
    """One each: all may run at once."""
    reserve: int
    """Logs, the admin interface, the reactor's own, the state file."""

    @property
    def fixed(self) -> int:
        """What is needed whatever :attr:`maxconn` is."""
        return self.listeners + self.servers + self.checks + self.reserve

    @property
    def total(self) -> int:
        return 2 * self.maxconn + self.fixed


def needed(maxconn: int, listeners: int, servers: int, checks: int, reserve: int = 100) -> Needed:
    """The descriptors of one process, by what they are for."""
    return Needed(maxconn, listeners, servers, checks, reserve)


def refusal(need: Needed, allowed: int) -> str:
    """What an administrator reads when ``allowed`` is not enough."""
    affordable = (allowed - need.fixed) // 2
    lower = f"lower [service] maxconn to {affordable} or less, or " if affordable > 0 else ""
    return (
        f"maxconn = {need.maxconn} needs {need.total} file descriptors (two a session, {need.fixed} for "
        f"{need.listeners} listeners, {need.checks} checks, {need.servers} servers and ourselves), the system allows {allowed}: "
        f"{lower}raise the limit (LimitNOFILE={need.total} in the systemd unit, or ulimit -n {need.total} in the shell)"
    )


if sys.platform == "win32":

    def ensure(need: Needed) -> None:
        """Nothing: Windows has no such limit on sockets."""

else:
    import resource

    def ensure(need: Needed) -> None:
        """Raise the soft limit, and as root the hard one too, where they are too low.

        :raises DescriptorLimitError: we may not; says what to do.
        """
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft == resource.RLIM_INFINITY or soft >= need.total:
            return
        above = need.total if hard != resource.RLIM_INFINITY and hard < need.total else hard
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (need.total, above))
        except (ValueError, OSError):  # ValueError: only root may raise the hard limit, and not beyond fs.nr_open
            raise DescriptorLimitError(refusal(need, hard)) from None
