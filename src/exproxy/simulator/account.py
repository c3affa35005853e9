"""The one account of the simulated site, and the one message in each server's mailbox."""

from collections.abc import Callable

from twisted.cred.checkers import InMemoryUsernamePasswordDatabaseDontUse
from twisted.cred.portal import IRealm, Portal
from zope.interface import Interface, implementer

USER = "anna"
PASSWORD = "demo"  # noqa: S105 - it guards nothing: the site serves one made-up message on loopback


def may_log_in(user: bytes, password: bytes) -> bool:
    """Whether these are the credentials of the account."""
    return user == USER.encode() and password == PASSWORD.encode()


@implementer(IRealm)
class _Realm:
    def __init__(self, interface: type[Interface], avatar: Callable[[], object]) -> None:
        self._interface = interface
        self._avatar = avatar

    def requestAvatar(
        self, who: object, mind: object, *interfaces: type[Interface]
    ) -> tuple[type[Interface], object, Callable[[], None]]:
        return self._interface, self._avatar(), lambda: None


def portal(interface: type[Interface], avatar: Callable[[], object]) -> Portal:
    """Lets the account in, for Twisted's servers; whoever is in gets ``avatar()``, which provides ``interface``."""
    checker = InMemoryUsernamePasswordDatabaseDontUse()
    checker.addUser(USER.encode(), PASSWORD.encode())
    return Portal(_Realm(interface, avatar), [checker])


def welcome(server: str) -> bytes:
    """The message in the mailbox; it names the server, so that a client sees which one it reached.  Lines end in CRLF."""
    lines = (
        "Date: Mon, 06 Jan 2025 08:00:00 +0000",
        f"From: Exchange on {server} <postmaster@example.com>",
        f"To: {USER}@example.com",
        f"Subject: You are connected to {server}",
        f"Message-ID: <welcome-{server.lower()}@example.com>",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=us-ascii",
        "",
        f"Hello {USER}, this mailbox is served by {server}.",
        "",
    )
    return "\r\n".join(lines).encode("ascii")
