"""The mail modes of a configuration: who serves a front end's clients."""

import re
import socket
from collections.abc import Mapping
from typing import Any

from exproxy.config import model
from exproxy.proxy.backend import Backend
from exproxy.proxy.frontend import Frontend
from exproxy.proxy.mail.deskhouse import DeskHouse
from exproxy.proxy.mail.house import House
from exproxy.proxy.mail.imap import Imap
from exproxy.proxy.mail.pop3 import Pop3
from exproxy.proxy.mail.smtp import Smtp
from exproxy.wire.mailsettings import Settings, StartTls


def install(frontend: Frontend, said: model.Frontend, mail: model.Mail, backends: Mapping[str, Backend], secret: bytes) -> House:
    """Make ``frontend`` one of a mail mode.

    :param secret: of the process, for pseudonyms.
    """
    assert said.backend is not None
    backend = backends[said.backend]
    settings = Settings(StartTls.PASS if mail.end_to_end else StartTls.HIDE, mail.require_tls, mail.bad_commands)
    protocol = _protocol(said.mode, mail, settings, backend)
    common: dict[str, Any] = {
        "frontend": frontend,
        "manner": protocol.manner(),
        "backend": backend,
        "greeting_timeout": said.timeouts.greeting,
        "secret": secret,
        "greet_delay": mail.greet_delay,
        "early": mail.early,
        "tarpit": said.timeouts.tarpit,
    }
    key_of = backend.user_key
    house = House(**common) if key_of is None else DeskHouse(**common, desks=protocol.desks(), key_of=key_of)
    frontend.serve = house.serve
    return house


def _protocol(mode: model.Mode, mail: model.Mail, settings: Settings, backend: Backend) -> Imap | Pop3 | Smtp:
    if mode == "imap":
        return Imap(settings, backend)
    if mode == "pop3":
        return Pop3(settings, backend)
    return Smtp(mail.helo or own_name(), settings, backend)


def own_name() -> str:
    """What this machine calls itself, as EHLO can say it (RFC 5321 4.1.1.1); its loopback address, where that is no name."""
    name = socket.gethostname()
    return name if re.fullmatch(r"[A-Za-z0-9.-]{1,255}", name) else "[127.0.0.1]"
