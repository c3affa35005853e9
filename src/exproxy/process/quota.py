"""A limit that several processes keep together: each has a quota, and the quotas never sum up to more than the limit.

Who asks for more gets what is free at once.  What others do not need is asked back of them, and counts as free only when they
have said that they keep to less; sessions that they have beyond that count until they end.  Who ends, however he ends, has given
back everything: his sessions have ended with him.

Short quotas are shared max-min fairly: nobody gets more than he asks for while another gets less than his equal part.
"""

from collections.abc import Mapping

import attrs


@attrs.define
class Share:
    """One process's part.

    :param quota: what it may use, by its last word or by ours if that is more.
    :param used: sessions, by its last word.
    :param wanted: sessions that wait for a slot, by its last word.
    :param lowering: it was asked for a part of its quota, and has not answered yet.
    """

    quota: int = 0
    used: int = 0
    wanted: int = 0
    lowering: bool = False

    @property
    def needy(self) -> bool:
        """Whether it is to have more before it asks: one that has nothing could not take anybody who might then wait."""
        return self.wanted > 0 or not self.quota

    @property
    def held(self) -> int:
        """What nobody else can have."""
        return max(self.quota, self.used)


class Ledger:
    """:param total: the limit.

    :param processes: how many there are when all run, numbered from 0: what nobody asks for is theirs in equal parts.
    """

    def __init__(self, total: int, processes: int) -> None:
        self.total = total
        self._processes = processes
        self.shares: dict[int, Share] = {}

    @property
    def free(self) -> int:
        """What nobody holds; below 0 only after the limit was lowered."""
        return self.total - sum(share.held for share in self.shares.values())

    def join(self, process: int) -> None:
        """A process has begun, with nothing."""
        self.shares[process] = Share()

    def leave(self, process: int) -> None:
        """It has ended, and with it its sessions."""
        self.shares.pop(process, None)

    def report(self, process: int, used: int, wanted: int) -> None:
        """What it uses, and how many wait."""
        share = self.shares.get(process)
        if share is not None:
            share.used, share.wanted = used, wanted

    def lowered(self, process: int, quota: int, used: int) -> None:
        """It keeps to ``quota`` from now on."""
        share = self.shares.get(process)
        if share is not None:
            share.quota, share.used, share.lowering = quota, used, False

    def changes(self) -> Mapping[int, int]:
        """New quotas to be told now, by process; those that are smaller count when :meth:`lowered` says so."""
        targets = self._targets()
        short = [number for number, share in self.shares.items() if share.quota < targets[number] and share.needy]
        if not short and self.free >= 0:
            return {}
        changes = {number: quota for number in short if (quota := self._raised(number, targets[number]))}
        if self.free < 0 or any(self.shares[number].quota < targets[number] for number in short):
            for number, share in self.shares.items():
                if share.quota > targets[number] and not share.lowering:
                    share.lowering = True
                    changes[number] = targets[number]
        return changes

    def _raised(self, number: int, target: int) -> int | None:
        """As much of it as is free."""
        share = self.shares[number]
        reach = min(target, share.held + max(0, self.free))
        if share.lowering or reach <= share.quota:
            return None
        share.quota = reach
        return reach

    def _targets(self) -> dict[int, int]:
        """What each should have."""
        demands = {number: share.used + share.wanted for number, share in self.shares.items()}
        targets: dict[int, int] = {}
        left = self.total
        for waiting, (number, demand) in zip(
            range(len(demands), 0, -1), sorted(demands.items(), key=lambda item: item[1]), strict=True
        ):
            # the last of those who ask for too much get the odd ones
            targets[number] = min(demand, left // waiting)
            left -= targets[number]
        spare, odd = divmod(left, self._processes)
        return {number: target + spare + (number < odd) for number, target in targets.items()}
