"""The ways on which [notify] tells people, as the configuration has them."""

import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from exproxy import __version__
from exproxy.config import model
from exproxy.notify.channel import Channel
from exproxy.notify.command import Command
from exproxy.notify.mail import Mail, Route
from exproxy.notify.webhook import Webhook, trust
from exproxy.site.errors import SiteError


def channels(reactor: Any, notify: model.Notify, environ: Mapping[str, str]) -> list[Channel]:
    """Those that there are.

    :param environ: of which a command has a part.
    :raises SiteError: authorities that cannot be used.
    """
    if sentences := troubles(notify):
        raise SiteError(sentences)
    made: list[Channel] = []
    webhook, smtp, command = notify.webhook, notify.smtp, notify.command
    if webhook is not None:
        agent = f"exproxy/{__version__}"
        made.append(Webhook(reactor, webhook.url, dict(webhook.headers), _authorities(webhook.ca), agent))
    if smtp is not None:
        user, password = smtp.user or "", smtp.password or ""
        route = Route(smtp.host, smtp.port, smtp.sender, smtp.to, smtp.tls, _authorities(smtp.ca), user, password)
        made.append(Mail(reactor, route, socket.gethostname()))
    if command is not None:
        made.append(Command(reactor, command.arguments, command.timeout, environ))
    return made


def troubles(notify: model.Notify) -> list[str]:
    """What keeps its files from being used, a sentence each."""
    found = []
    for key, way in (("webhook", notify.webhook), ("smtp", notify.smtp)):
        ca = None if way is None else way.ca
        if ca is None:
            continue
        try:
            trust(_authorities(ca))
        except OSError as error:
            found.append(f"notify.{key}.ca: {ca} cannot be read: {error.strerror}")
        except ValueError as error:
            found.append(f"notify.{key}.ca: {ca} cannot be used: {error}")
    return found


def _authorities(ca: Path | None) -> bytes:
    return b"" if ca is None else ca.read_bytes()
