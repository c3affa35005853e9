"""Who speaks on a connection, found out once for all its requests, as IIS does: by NTLM, bare or in Negotiate, or by Basic."""

import base64
from http.client import HTTPMessage
from pathlib import Path

import attrs
import spnego
from impacket import ntlm
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
    _challenge: bytes = b""

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
            token = base64.b64decode(said)
            answer = self._context.step(token)
        except ValueError:  # no base64, or another message than the one that is due
            self._context = None
            return list(self.schemes)
        except SpnegoError:
            self._context = None
            self.user = proven(self._challenge, token) if self._challenge and scheme == "NTLM" else ""
            return [] if self.user else list(self.schemes)
        if not self._context.complete:
            self._challenge = answer or b""
            return [f"{scheme} {base64.b64encode(self._challenge).decode()}"]
        self.user = (self._context.client_principal or "").rpartition("\\")[2]
        self._context = None
        return []


def proven(challenge: bytes, said: bytes) -> str:
    """Who knows his password by NTLM's version 2, or nobody (MS-NLMP 3.3.2).

    pyspnego's acceptor computes the response anew, with four zeros at its end.  impacket's has none, and a domain's controller
    does not mind: it takes what the client has sent.
    """
    response = ntlm.NTLMAuthChallengeResponse()
    response.fromString(said)
    encoding = "utf-16le" if response["flags"] & ntlm.NTLMSSP_NEGOTIATE_UNICODE else "ascii"
    user, domain = response["user_name"].decode(encoding), response["domain_name"].decode(encoding)
    proof, temp = response["ntlm"][:16], response["ntlm"][16:]
    key = ntlm.NTOWFv2(user, password(user), domain)
    right = ntlm.hmac_md5(key, ntlm.NTLMAuthChallenge(challenge)["challenge"] + temp)
    return user if domain == DOMAIN and proof == right else ""
