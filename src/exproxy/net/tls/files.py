"""Files that are renewed while we run."""

from collections.abc import Iterable
from pathlib import Path

import attrs

Signature = tuple[int, int, int]


def signature(path: Path) -> Signature:
    """Differs when the file has changed; all zeros if it cannot be had."""
    try:
        found = path.stat()
    except OSError:
        return 0, 0, 0
    return found.st_mtime_ns, found.st_size, found.st_ino


def _once(paths: Iterable[Path]) -> tuple[Path, ...]:
    return tuple(dict.fromkeys(paths))


@attrs.define(eq=False)
class Watched:
    """Tells of changes when they have stayed the same for one more look: a file that has just changed may be half written."""

    paths: tuple[Path, ...] = attrs.field(converter=_once)
    _seen: dict[Path, Signature] = attrs.field(init=False)
    _changing: dict[Path, Signature] | None = None

    def __attrs_post_init__(self) -> None:
        self._seen = self._now()

    def changed(self) -> tuple[Path, ...]:
        """Look; those whose change has settled since the look before, each change once."""
        now = self._now()
        if now == self._seen:
            self._changing = None
            return ()
        if now != self._changing:
            self._changing = now
            return ()
        before, self._seen, self._changing = self._seen, now, None
        return tuple(path for path in self.paths if now[path] != before[path])

    def differ(self) -> bool:
        """Whether any is otherwise than when it was last told; this is no look."""
        return self._now() != self._seen

    def _now(self) -> dict[Path, Signature]:
        return {path: signature(path) for path in self.paths}
