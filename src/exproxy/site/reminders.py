"""What is not wrong yet with our own certificates, told at the start, after each renewal, and every day."""

from twisted.logger import Logger

from exproxy.site.tls import TLSContexts

DAY = 86400.0

_log = Logger()


class Reminders:
    """One process has them: the only one, or the fork server.

    :param tls: whose certificates, where somebody looks for renewed ones.
    """

    def __init__(self, tls: TLSContexts) -> None:
        self._tls = tls
        self._due: float | None = None
        self._renewals = tls.renewals

    def look(self, now: float) -> None:
        """To be called often."""
        if self._due is not None and now < self._due and self._renewals == self._tls.renewals:
            return
        self._due = now + DAY
        self._renewals = self._tls.renewals
        for sentence in self._tls.warnings():
            _log.warn("{sentence}", sentence=sentence)
