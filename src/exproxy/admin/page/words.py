"""Numbers as people read them."""

_UNITS = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))
_THIN = "\N{NARROW NO-BREAK SPACE}"
_THOUSAND = 1000


def duration(seconds: float) -> str:
    """The largest unit, and the next one: ``2d 3h``; ``static/live.js`` has the same."""
    rest = max(0, int(seconds))
    words: list[str] = []
    for size, unit in _UNITS:
        count, rest = divmod(rest, size)
        if count or words or size == 1:
            words.append(f"{count}{unit}")
    return " ".join(words[:2])


def octets(number: float) -> str:
    """``1.5 GB``, in units of 1024."""
    value = float(number)
    for unit in ("B", "KB", "MB", "GB"):
        if value < _THOUSAND:
            return f"{value:.0f}{_THIN}{unit}" if unit == "B" or value >= 100 else f"{value:.1f}{_THIN}{unit}"
        value /= 1024
    return f"{value:.1f}{_THIN}TB"


def count(number: int) -> str:
    """``104 031``."""
    return f"{number:,}".replace(",", _THIN)


def rate(number: float) -> str:
    """So many a second: with a tenth only where it says something."""
    return f"{number:.1f}" if 0 < number < 9.95 and number % 1 else f"{number:.0f}"


def milliseconds(seconds: float) -> str:
    """``4 ms``, ``1.2 s``."""
    if seconds >= 1:
        return f"{seconds:.1f}{_THIN}s"
    return f"{seconds * _THOUSAND:.0f}{_THIN}ms" if seconds >= 0.001 else f"<1{_THIN}ms"


def several(number: int, one: str, more: str) -> str:
    """``1 server``, ``3 servers``."""
    return f"{count(number)} {one if number == 1 else more}"


def listed(names: list[str], most: int = 4) -> str:
    """``a, b and 3 others``."""
    if len(names) <= most:
        return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
    return f"{', '.join(names[: most - 1])} and {len(names) - most + 1} others"
