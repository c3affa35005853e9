"""Mail in the template ``[exchange]``: SMTP, submission, IMAP and POP3, each in its own mode.

With a certificate, TLS of users' clients ends here and begins again to the servers, which are looked at as those of HTTPS are.
Port 25 stays end to end: hybrid organisations, and partners with mutual TLS, look at one another's certificates, which TLS that
ends here would hide.
"""

from collections.abc import Mapping
from typing import Any

from exproxy.config.exchangeweb import check_tls, server_tls
from exproxy.config.sections import ExchangeSection

_IMPLICIT = {"imaps": "imap", "pop3s": "pop3"}
"""Those that speak TLS from the first octet, and what they speak within it."""
MODES = {"smtp": "smtp", "submission": "smtp", "imap": "imap", "pop3": "pop3", **_IMPLICIT}
USERS = tuple(endpoint for endpoint in MODES if endpoint != "smtp")
"""Where people log in."""


def front(section: ExchangeSection, values: Mapping[str, Any], endpoint: str) -> dict[str, Any]:
    """What a front end has beside its addresses.

    :param values: the section as it is written.
    """
    if _ends_here(section, endpoint):
        made = {"mode": MODES[endpoint], "tls": {**values["tls"], "mode": _tls_mode(endpoint)}}
        # The servers see TLS, ours: they would take a password that has come to us in the clear.
        return made if endpoint in _IMPLICIT else made | {"require_tls": True}
    return {"mode": "tcp" if endpoint in _IMPLICIT else MODES[endpoint]}


def backend(section: ExchangeSection, values: Mapping[str, Any], endpoint: str) -> dict[str, Any]:
    """What a back end has beside its servers."""
    check: dict[str, Any] = {"type": MODES[endpoint]}
    if section.helo and MODES[endpoint] == "smtp":
        check["helo"] = section.helo
    if _ends_here(section, endpoint):
        mode = {"mode": _tls_mode(endpoint)}
        return {"check": check | {"tls": check_tls(section, values) | mode}, "tls": server_tls(section, values) | mode}
    if endpoint in _IMPLICIT:
        # Servers have certificates of their own making; 2010 as it was delivered speaks TLS 1.0.
        legacy = {"legacy": True} if section.version == "2010" else {}
        check["tls"] = {"mode": "implicit", "verify": False} | legacy
    return {"check": check}


def _ends_here(section: ExchangeSection, endpoint: str) -> bool:
    return section.tls is not None and endpoint in USERS


def _tls_mode(endpoint: str) -> str:
    return "implicit" if endpoint in _IMPLICIT else "starttls"
