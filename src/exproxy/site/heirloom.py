"""What workers inherit from the fork server: configuration, secret, and TLS whose tickets are good in all of them."""

import gc
import os
import pickle
from collections.abc import Callable

from exproxy.config import model
from exproxy.process.messages import CannotChangeError
from exproxy.site.errors import SiteError
from exproxy.site.reminders import Reminders
from exproxy.site.tls import TLSContexts

PERIODS = 180
"""Periods of ticket keys (12 hours each) for which contexts are made: 90 days.  Later each worker makes its own."""
CONTEXTS = 1800
"""So many in all, about 25 MB that all workers share: more than ten different ``tls`` of front ends have fewer periods each."""


class Heirloom:
    """:class:`exproxy.process.forkserver.Heirloom`

    :param seconds: the clock that workers inherit too, so that all change keys at the same moment.
    """

    def __init__(self, seconds: Callable[[], float]) -> None:
        self.seconds = seconds
        self.configuration = model.Configuration(files=())
        self.secret = b""
        """The process's, the same in all workers."""
        self.tls = TLSContexts({}, seconds())
        self._reminders = Reminders(self.tls)

    def configure(self, file: int) -> None:
        """Read what the master has checked, and make all that needs files; what is the same as before is used on.

        :raises SiteError: something is not to be had any more, and there is no configuration before this one.
        :raises CannotChangeError: something is not to be had any more; the configuration before stays.
        """
        configuration, secret = read(file)
        tls = TLSContexts(configuration.profiles, self.seconds(), periods(configuration), former=self.tls)
        tls.make_all(configuration)
        if tls.troubles:
            raise CannotChangeError("\n".join(tls.troubles)) if self.secret else SiteError(tls.troubles)
        tls.begin()
        self.configuration, self.secret, self.tls = configuration, secret, tls
        self._reminders = Reminders(self.tls)
        gc.collect()

    def look(self) -> None:
        """Who is forked from now on shall have renewed files from the start."""
        now = self.seconds()
        self.tls.look(now)
        self._reminders.look(now)


def read(file: int) -> tuple[model.Configuration, bytes]:
    """The configuration that the master has checked, and the secret of all its processes; the descriptor is closed."""
    with open(file, "rb", buffering=0) as source:
        # at a place of our own: the descriptor's own is shared with the master and other processes
        data = os.pread(source.fileno(), os.fstat(source.fileno()).st_size, 0)
    configuration, secret = pickle.loads(data)  # noqa: S301 - our parent's
    return configuration, secret


def periods(configuration: model.Configuration) -> int:
    """For how many contexts are made beforehand."""
    different = {bind.tls for frontend in configuration.frontends.values() for bind in frontend.binds if bind.tls is not None}
    return max(1, min(PERIODS, CONTEXTS // max(1, len(different))))
