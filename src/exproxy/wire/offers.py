"""What may be offered to clients before their server is known: what all servers that could be theirs can."""

import re
from collections.abc import Iterable, Sequence

MOST = 2_000
"""Characters that are learned of one server."""
_SOUND = re.compile(r"[!-~]+( [!-~]+)*")
_LONGEST = 120
_SIZE = "SIZE"


def learned(lines: Iterable[str]) -> tuple[str, ...]:
    """What of a server's offers is remembered: clients and other processes are told it, so nothing is that would trouble them."""
    trimmed = (line.strip() for line in lines)
    kept: list[str] = []
    room = MOST
    for line in trimmed:
        if len(line) <= _LONGEST and _SOUND.fullmatch(line) and len(line) < room:
            kept.append(line)
            room -= len(line) + 1
    return tuple(kept)


def common(offers: Iterable[Sequence[str] | None]) -> tuple[str, ...]:
    """What stands in all, in the first one's order; nothing, where one is not known (``None``).

    Lines count as the same whatever their case.  Of SMTP's SIZE (RFC 1870 6.1) the least holds.
    """
    first, *others = offers = list(offers) or [None]
    if first is None or any(other is None for other in others):
        return ()
    in_all = [{line.upper() for line in other or ()} for other in others]
    kept = [line for line in first if all(line.upper() in lines for lines in in_all)]
    sizes = [_size(lines or ()) for lines in offers]
    if all(size is not None for size in sizes):
        kept = [line for line in kept if line.upper().split()[:1] != [_SIZE]]
        kept.append(_least([size for size in sizes if size]))
    return tuple(kept)


def _size(lines: Sequence[str]) -> int | None:
    """What one server takes: 0 where it says no number; ``None``, where it does not offer SIZE."""
    for line in lines:
        words = line.split()
        if words and words[0].upper() == _SIZE:
            return int(words[1]) if len(words) > 1 and words[1].isascii() and words[1].isdigit() and len(words[1]) <= 20 else 0
    return None


def _least(sizes: Sequence[int]) -> str:
    return f"{_SIZE} {min(sizes)}" if sizes else _SIZE
