"""Whether a client may come in at all: by its network, by how many it has here, and by how fast it comes.

Asked when a client is accepted, or when the balancer before us has told whose connection it is; before TLS, and before anything
is spent on it.
"""

from collections.abc import Hashable, Mapping

import attrs

from exproxy.pool.key import SourceKeys
from exproxy.pool.presence import Presence
from exproxy.pool.rates import Rates
from exproxy.pool.together import Shared
from exproxy.proxy.networks import Networks, number_of


@attrs.frozen
class Gatekeeping:
    """:param allows: whether who is in ``networks`` may come in.

    :param networks: empty: everybody.
    """

    allows: bool
    networks: Networks = attrs.field(factory=Networks)


class Unwanted(Exception):  # noqa: N818 - nothing went wrong
    """:param limited: whether it is for a limit, and not for a rule."""

    def __init__(self, why: str, limited: bool) -> None:
        super().__init__(why)
        self.limited = limited


@attrs.define(eq=False)
class Admission:
    """:param rules: the first that names a client's network decides; whom none names may come in.

    :param keys: which addresses are one source.
    :param present: sessions at a time  :param arriving: new ones.
    :param exempt: for whom neither of these holds.
    """

    keys: SourceKeys
    rules: tuple[Gatekeeping, ...] = ()
    present: Presence | None = None
    arriving: Rates | None = None
    exempt: Networks = attrs.field(factory=Networks)
    conn_cur: int | None = None
    """What ``present`` is limited to."""
    _here: dict[Hashable, bytes] = attrs.field(factory=dict, init=False)

    def inherit(self, former: "Admission") -> None:
        """Take over from one that was configured otherwise: who is there is counted on, if sources are still the same."""
        if self.present is None or former.present is None or self.conn_cur is None or not self.keys.alike(former.keys):
            return
        self.present, self._here = former.present, former._here
        self.present.resize(self.conn_cur)

    def admit(self, host: str, now: float, counts: bool = True) -> bytes:
        """Let a client in, who then has to :meth:`stay` and to :meth:`leave`.

        :param counts: whether the limits are for it; they are not for a balancer that speaks for itself.
        :returns: the source that it counts for, empty for none.
        :raises Unwanted: it may not.
        """
        if self.rules and not self._allowed(host):
            raise Unwanted("access denied", limited=False)
        if not counts or (self.present is None and self.arriving is None) or self.exempt.has_host(host):
            return b""
        key = self.keys.key(host)
        # The rate first: who is refused for being too many comes often, and is to count as often.
        if self.arriving is not None and self.arriving.take(key, now):
            raise Unwanted("new connections come faster than conn_rate", limited=True)
        if self.present is None:
            return b""
        if not self.present.enter(key):
            raise Unwanted("more connections at a time than conn_cur", limited=True)
        return key

    def stay(self, session: Hashable, key: bytes) -> None:
        """``session`` is what the source is counted for."""
        if key:
            self._here[session] = key

    def leave(self, session: Hashable) -> None:
        """The client has gone, if it ever was in."""
        key = self._here.pop(session, None)
        if key is not None and self.present is not None:
            self.present.leave(key)

    def shared(self) -> Mapping[str, Shared]:
        """What is counted together with other processes, but for :attr:`present`."""
        return {} if self.arriving is None else {"conn_rate": self.arriving}

    def _allowed(self, host: str) -> bool:
        address = number_of(host)
        for rule in self.rules:
            if not rule.networks or rule.networks.has(address):
                return rule.allows
        return True
