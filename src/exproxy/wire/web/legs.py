"""Logins that take several requests on one connection: NTLM, and Negotiate around it (RFC 4559 5, MS-NTHT 3.1.5)."""

_SCHEMES = frozenset({b"ntlm", b"negotiate"})

_ANSWERS = (b"TlRMTVNTUAAD", b"o")
"""How what a client says to a server's challenge begins in base64: NTLM's third message (MS-NLMP 2.2.1.3), alone or within
Negotiate's NegTokenResp, whose tag is 0xa1 (RFC 4178 4.2)."""


def answers_challenge(authorization: bytes) -> bool:
    """Whether credentials of ``Authorization`` mean something to the server's connection only from which the challenge came."""
    scheme, _, token = authorization.partition(b" ")
    return scheme.lower() in _SCHEMES and token.lstrip(b" ").startswith(_ANSWERS)
