"""Who speaks on a connection, found out once for all requests on it, as IIS does: by NTLM, bare or within Negotiate, or by Basic."""

import base64
import binascii
from http.client import HTTPMessage
from pathlib import Path

import attrs
import spnego
from spnego.exceptions import SpnegoError

DOMAIN = "EXAMPLE"
USERS = "NTLM_USER_FILE"
"""The variable that tells pyspnego's acceptor where the users are."""


def password(user: str) -> str:
    return f"secret of {user}"


def write_users(path: Path, users: list[str]) -> None:
    """As :data:`USERS` wants it."""
    path.write_text("".join(f"{DOMAIN}:{user}:{password(user)}\n" for user in users))


@attrs.define
class Doorkeeper:
    """Of one connection."""

    schemes: tuple[str, ...] = ("Negotiate", "NTLM")
    user: str = ""
    """Who is on the connection; nobody yet, if empty."""
    _scheme: str = ""
    _context: spnego.ContextProxy | None = None

    def admit(self, headers: HTTPMessage) -> list[str]:
        """Nothing, if the request is to be answered; else the values of ``WWW-Authenticate`` that it is refused with."""
        scheme, _, said = headers.get("Authorization", "").partition(" ")
        if scheme in self.schemes:
            # Whoever begins anew is who he proves to be, and nobody until then.
            return self._basic(said) if scheme == "Basic" else self._step(scheme, said)
        return [] if self.user else list(self.schemes)

    def _basic(self, said: str) -> list[str]:
        user, _, secret = base64.b64decode(said).decode().partition(":")
        self.user = user if secret == password(user) else ""
        return [] if self.user else list(self.schemes)

    def _step(self, scheme: str, said: str) -> list[str]:
        if self._context is None or self._scheme != scheme:
            self.user = ""
            self._scheme = scheme
            self._context = spnego.server(protocol=scheme.lower())
        try:
            answer = self._context.step(base64.b64decode(said))
        except (SpnegoError, binascii.Error):
            self._context = None
            return list(self.schemes)
        if not self._context.complete:
            return [f"{scheme} {base64.b64encode(answer or b'').decode()}"]
        self.user = (self._context.client_principal or "").rpartition("\\")[2]
        self._context = None
        return []
