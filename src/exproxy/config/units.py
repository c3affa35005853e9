"""Durations and sizes: strings with a unit, so that nobody has to guess whether 30 are seconds or milliseconds."""

import re

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SIZES = {"B": 1, "K": 1024, "KB": 1024, "KIB": 1024, "M": 1024**2, "MB": 1024**2, "MIB": 1024**2, "G": 1024**3, "GB": 1024**3}
_QUANTITY = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z]+)")
_RATE = re.compile(r"(\d+)\s*/\s*(\d+(?:\.\d+)?)?\s*(ms|s|m|h|d)")
_MILLISECONDS = (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1))


def duration(value: object) -> float:
    """Seconds of ``"250ms"``, ``"3s"``, ``"30m"``, ``"24h"`` or ``"1d"``.

    :raises ValueError: anything else; a bare number gets a hint.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise ValueError(f'a duration needs a unit: "{value}s" or "{value}ms"?')
    match = _QUANTITY.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None or match[2] not in _SECONDS:
        said = f'"{value}"' if isinstance(value, str) else "this"
        raise ValueError(f'{said} is not a duration such as "250ms", "3s", "30m", "24h" or "1d"')
    # Milliseconds are thousandths: 0.001 times a number is not always the nearest float.
    return float(match[1]) / 1000 if match[2] == "ms" else float(match[1]) * _SECONDS[match[2]]


def size(value: object) -> int:
    """A whole number: an integer as it is, or a string with a unit of 1024s, such as ``"64KB"`` or ``"10240k"``.

    :raises ValueError: anything else.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    match = _QUANTITY.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None or match[2].upper() not in _SIZES:
        said = f'"{value}"' if isinstance(value, str) else "this"
        raise ValueError(f'{said} is not a size: a whole number, or one with a unit such as "64KB" or "1MB"')
    return int(float(match[1]) * _SIZES[match[2].upper()])


def rate(value: object) -> tuple[int, float]:
    """How many, within how many seconds: of ``"100/10s"``, ``"5/1m"`` or ``"10/s"``.

    :raises ValueError: anything else.
    """
    match = _RATE.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        said = f'"{value}"' if isinstance(value, str) else "this"
        raise ValueError(f'{said} is not a rate such as "100/10s", "600/1m" or "20/s"')
    count, seconds = int(match[1]), duration((match[2] or "1") + match[3])
    if not count or not seconds:
        raise ValueError(f'"{value}" allows nothing at all')
    return count, seconds


def byte_rate(value: object) -> int:
    """Octets a second, of ``"500B/s"`` or ``"1KB/s"``.

    :raises ValueError: anything else.
    """
    text, _, unit = value.strip().partition("/") if isinstance(value, str) else ("", "", "")
    try:
        found = size(text) if unit == "s" else 0
    except ValueError:
        found = 0
    if not found:
        said = f'"{value}"' if isinstance(value, str) else "this"
        raise ValueError(f'{said} is not a speed such as "500B/s" or "1KB/s"')
    return found


def rate_text(count: int, seconds: float) -> str:
    """What :func:`rate` reads so."""
    return f"{count}/{duration_text(seconds)}"


def duration_text(seconds: float) -> str:
    """The shortest text that :func:`duration` reads as ``seconds``."""
    milliseconds = round(seconds * 1000)
    if milliseconds / 1000 != seconds:
        return f"{seconds!r}s"
    for unit, scale in _MILLISECONDS:
        if milliseconds % scale == 0 and milliseconds:
            return f"{milliseconds // scale}{unit}"
    return "0s"
