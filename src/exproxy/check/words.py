"""What a run of a check says of connections and certificates."""

import errno
import os

from exproxy.net.certificate import PeerCertificate

_WORDS = {
    errno.ECONNREFUSED: "connection refused",
    errno.EHOSTUNREACH: "no route to the host",
    errno.ENETUNREACH: "no route to its network",
    errno.ECONNRESET: "connection reset",
    errno.EADDRNOTAVAIL: "the address to connect from is not ours, or all its ports are taken",
    errno.EACCES: "the system forbids the connection",
    errno.EPERM: "a firewall on this machine forbids the connection",
    errno.EMFILE: "this process has no descriptors left",
}


def connect_reason(error: Exception) -> str:
    """Why a connection failed, as a sentence part."""
    if isinstance(error, OSError) and error.errno is not None:
        return _WORDS.get(error.errno) or (error.strerror or os.strerror(error.errno)).lower()
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    return str(error) or type(error).__name__


def at(host: str, port: int) -> str:
    """An address with its port."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def certificate_line(certificate: PeerCertificate) -> str:
    """A certificate for people who look on."""
    faults = "; ".join(fault for fault in (certificate.chain_fault, certificate.name_fault) if fault)
    names = ", ".join(certificate.names) or certificate.subject
    return f"certificate for {names}, until {certificate.not_after.date().isoformat()}" + (f" ({faults})" if faults else "")
