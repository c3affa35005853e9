"""The header of a syslog message, RFC 5424 section 6.2."""

import os
import time

from exproxy.proxy.accesslog.dates import Dates, iso

LOCAL0_INFO = 16 * 8 + 6  # RFC 5424 section 6.2.1; the facility that HAProxy's examples use


class Header:
    """The part of an RFC 5424 message before the line.

    :param hostname: this machine's name; what is not printable ASCII becomes ``-`` (nil).
    """

    __slots__ = ("_date", "_fixed", "_start")

    def __init__(self, hostname: str, app_name: str = "exproxy", process: int | None = None) -> None:
        self._date = Dates(iso, time.gmtime)
        self._start = f"<{LOCAL0_INFO}>1 "
        name = hostname[:255] if hostname.isascii() and hostname.isprintable() and " " not in hostname else ""
        self._fixed = f"Z {name or '-'} {app_name} {os.getpid() if process is None else process} access - "

    def __call__(self, now: float) -> str:
        """``<134>1 2026-01-31T12:00:00.000Z host exproxy 42 access - `` for the epoch's seconds."""
        return self._start + self._date(now) + self._fixed
