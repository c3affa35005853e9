"""TLS of [admin], with renewals and warnings of its own: one process has administrators, however many have clients."""

from exproxy.config import model
from exproxy.net.tls.server import ServerTLS
from exproxy.site.errors import SiteError
from exproxy.site.reminders import Reminders
from exproxy.site.tls import TLSContexts


class AdminTLS:
    """:param former: that of the configuration before, which stays in use until :meth:`begin`.

    :raises SiteError: a file cannot be used.
    """

    def __init__(self, configuration: model.Configuration, now: float, former: "AdminTLS | None" = None) -> None:
        admin = configuration.admin
        before = None if former is None else former._contexts
        self._contexts: TLSContexts = TLSContexts(configuration.profiles, now, former=before)
        self.server: ServerTLS | None = None if admin is None else self._contexts.admin(admin.tls)
        """``None``: there is none."""
        self.hsts = 0.0 if admin is None else admin.hsts
        if self._contexts.troubles:
            raise SiteError(self._contexts.troubles)
        self._reminders = Reminders(self._contexts)

    def begin(self) -> None:
        """Nothing speaks against it: files that say something else now are used."""
        self._contexts.begin()

    def look(self, now: float) -> None:
        """Use files that have been renewed, and tell of those that run out; about once a second."""
        self._contexts.look(now)
        self._reminders.look(now)
