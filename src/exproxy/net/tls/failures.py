"""Why TLS failed, in words for people."""

from errno import ECONNRESET, EPIPE

from OpenSSL import SSL

from exproxy.net.tls.alpn import NoProtocolError

_CLIENT_SAID = {
    "http request": "the client spoke plain HTTP to the TLS port",
    "https proxy request": "the client asked for an HTTP proxy at the TLS port",
    "no shared cipher": "client and profile have no cipher in common",
    "no suitable signature algorithm": "the client accepts none of the signatures that the certificates can make",
    "no suitable key share": "client and profile have no key exchange group in common",
    "unsupported protocol": "the client only has TLS versions that the profile does not allow",
    "version too low": "the client only has TLS versions that the profile does not allow",
    "wrong version number": "the client does not speak TLS here",
    "packet length too long": "the client does not speak TLS here",
    "peer did not return a certificate": "the client has shown no certificate, and has to show one here",
    "unexpected message": "the client began in the middle of a TLS handshake",
}
"""OpenSSL's reasons (openssl/sslerr.h) as a server meets them."""


class TLSError(Exception):
    """TLS failed; the text says why, as a sentence part for people."""


class TruncatedError(TLSError):
    """The peer ended the connection and not TLS: its last words may be missing.

    :param told: we had said close_notify before, and many peers answer that by just closing.
    """

    def __init__(self, told: bool) -> None:
        super().__init__("the peer closed the connection without saying so in TLS (close_notify): its last words may be missing")
        self.told = told


class PeerLeftError(TLSError):
    """The peer ended the connection during the handshake."""


def reasons(error: SSL.Error) -> list[str]:
    """What is in OpenSSL's queue of errors, the last one deepest."""
    return [entry[-1] for entry in error.args[0]] if error.args and isinstance(error.args[0], list) else []


def explain_server(error: SSL.Error, chain_fault: str, allowance: str) -> str:
    """What an error of a handshake as client means.

    :param chain_fault: what is known to be wrong with the server's certificate, or empty.
    :param allowance: what one writes to allow old servers.
    """
    found = reasons(error)
    reason = found[-1] if found else ""
    if isinstance(error, SSL.SysCallError):
        return f"the server {_ending(error)} the connection during the TLS handshake"
    if "certificate verify failed" in found:
        return f"the server's certificate is refused: {chain_fault or 'it is not trusted'}"
    if "unsupported protocol" in reason or "alert protocol version" in reason or "unsafe legacy" in reason:
        return f"the server has only TLS versions older than 1.2 in common with us ({allowance} allows them)"
    if "too small" in reason or "too weak" in reason:
        return f"the server's key or certificate is too weak: {reason} ({allowance} allows it)"
    if "alert" in reason:
        return f"the server refused the TLS handshake with the alert {_alert(reason)!r}"
    if "wrong version number" in reason or "packet length" in reason:
        return "the server does not speak TLS here, or speaks it wrongly"
    return f"TLS failed: {reason or 'OpenSSL gives no reason'}"


def explain_client(error: SSL.Error, chain_fault: str = "") -> TLSError:
    """What an error of a handshake as server means.

    :param chain_fault: what is known to be wrong with the client's certificate, or empty.
    """
    if isinstance(error, NoProtocolError):
        return TLSError(str(error))
    found = reasons(error)
    reason = found[-1] if found else ""
    if isinstance(error, SSL.SysCallError):
        return PeerLeftError(f"the client {_ending(error)} the connection during the TLS handshake")
    if "certificate verify failed" in found:
        return TLSError(f"the client's certificate is refused: {chain_fault or 'it is not trusted'}")
    if reason in _CLIENT_SAID:
        return TLSError(_CLIENT_SAID[reason])
    if "alert" in reason:
        return TLSError(f"the client refused the TLS handshake with the alert {_alert(reason)!r}")
    return TLSError(f"TLS failed: {reason or 'OpenSSL gives no reason'}")


def explain_record(error: SSL.Error) -> TLSError:
    """What an error after the handshake means: a bad record, an alert, a renegotiation."""
    found = reasons(error)
    reason = found[-1] if found else "OpenSSL gives no reason"
    if "alert" in reason:
        return TLSError(f"the peer ended TLS with the alert {_alert(reason)!r}")
    return TLSError(f"TLS is broken: {reason}")


def _alert(reason: str) -> str:
    return reason.partition("alert")[2].strip()


def _ending(error: SSL.SysCallError) -> str:
    return "reset" if error.args and error.args[0] in (ECONNRESET, EPIPE) else "closed"
