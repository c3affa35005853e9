"""Dates with milliseconds; what does not change within a second is made once a second."""

import time
from collections.abc import Callable

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")  # whatever the locale says


def common(moment: time.struct_time) -> str:
    """``06/Feb/2009:12:12:51``, as HAProxy and web servers write it."""
    return (
        f"{moment.tm_mday:02d}/{_MONTHS[moment.tm_mon - 1]}/{moment.tm_year:04d}"
        f":{moment.tm_hour:02d}:{moment.tm_min:02d}:{moment.tm_sec:02d}"
    )


def iso(moment: time.struct_time) -> str:
    """``2009-02-06T12:12:51``, as RFC 3339 section 5.6 writes it, without the zone."""
    return (
        f"{moment.tm_year:04d}-{moment.tm_mon:02d}-{moment.tm_mday:02d}"
        f"T{moment.tm_hour:02d}:{moment.tm_min:02d}:{moment.tm_sec:02d}"
    )


class Dates:
    """Seconds since the epoch in, a date with milliseconds out.

    Lines come in the order in which sessions *end* and show when they were accepted, so more than one second is remembered.
    """

    __slots__ = ("_known", "_render", "_zone")

    REMEMBERED = 1_000

    def __init__(self, render: Callable[[time.struct_time], str], zone: Callable[[float], time.struct_time]) -> None:
        self._render = render
        self._zone = zone
        self._known: dict[int, str] = {}

    def __call__(self, seconds: float) -> str:
        """For example ``06/Feb/2009:12:12:51.443``."""
        whole = int(seconds)
        text = self._known.get(whole)
        if text is None:
            text = self._learn(whole)
        return f"{text}.{int((seconds - whole) * 1000):03d}"

    def _learn(self, whole: int) -> str:
        if len(self._known) >= self.REMEMBERED:
            self._known.clear()
        text = self._known[whole] = self._render(self._zone(whole))
        return text
