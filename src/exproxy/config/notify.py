"""``[notify]``: who is told of transitions, and on which ways."""

import re
import shutil
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import attrs

from exproxy.config.model import CommandNotice, MailNotice, Notify, WebhookNotice
from exproxy.config.problems import KeyPath
from exproxy.config.report import Report
from exproxy.config.sections import MailSection, NotifySection, WebhookSection

_ADDRESS = re.compile(r"[!-;=?A-~]+@[!-;=?A-~]+")
"""What an envelope can hold: ASCII without blanks and angle brackets."""
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\t -~\x80-\xff]*")
_MOST = 10_000
"""Messages whose times are remembered, for ``limit``."""
_PORTS = {"off": 25, "starttls": 25, "implicit": 465}


@attrs.frozen
class NotifyBuilder:
    """Builds what [notify] says; every problem goes to the report."""

    report: Report

    def build(self, section: NotifySection) -> Notify:
        webhook, smtp = section.webhook, section.smtp
        if webhook is None and smtp is None and not section.command.items:
            hint = 'write webhook = "https://…", smtp = { server = …, sender = …, to = … } or command = ["…"]'
            self.report.problem(("notify",), "it does not say how anybody is told", hint)
        if section.limit.count > _MOST:
            self.report.problem(("notify", "limit"), f"nobody reads so many messages: {_MOST} are the most")
        return Notify(
            on=tuple(dict.fromkeys(section.on.values())) or Notify().on,
            window=section.window,
            limit=section.limit,
            webhook=None if webhook is None else self._webhook(webhook),
            smtp=None if smtp is None else self._smtp(smtp),
            command=self._command(section) if section.command.items else None,
        )

    def _webhook(self, section: WebhookSection) -> WebhookNotice:
        path: KeyPath = ("notify", "webhook")
        try:
            url = urlsplit(section.url)
            host, _ = url.hostname or "", url.port
        except ValueError:
            url, host = urlsplit(""), ""
        if url.scheme not in ("http", "https") or not host or not section.url.isascii() or re.search(r"[\s\0-\x1f]", section.url):
            self.report.problem(path, 'it is no URL such as "https://chat.example.com/hooks/exproxy"')
        elif url.username is not None or url.password is not None:
            hint = 'write headers = { Authorization = "Basic …" }'
            self.report.problem(path, "names and passwords in a URL are not sent", hint)
        elif url.scheme == "http" and not _is_loopback(host):
            self.report.warning(path, "without TLS, what is told can be read and changed on the way", "write https://")
        for name, value in section.headers.items():
            if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
                self.report.problem((*path, "headers", name), "this cannot stand in a header")
        return WebhookNotice(section.url, tuple(section.headers.items()), self._file((*path, "ca"), section.ca))

    def _smtp(self, section: MailSection) -> MailNotice:
        path: KeyPath = ("notify", "smtp")
        for key, addresses in (("sender", [((), section.sender)]), ("to", section.to.items)):
            for index, address in addresses:
                if not _ADDRESS.fullmatch(address):
                    self.report.problem((*path, key, *index), f'"{address}" is no mail address such as "exproxy@example.com"')
        if not section.to.items:
            self.report.problem((*path, "to"), "nobody is to get it")
        if (section.user is None) != (section.password is None):
            self.report.problem(path, "user and password belong together")
        host, port = section.server.host, section.server.port
        if section.user is not None and section.tls == "off" and not _is_loopback(host):
            self.report.problem((*path, "tls"), "without TLS the password can be read on the way", 'write tls = "starttls"')
        if port is not None and not isinstance(port, int):
            self.report.problem((*path, "server"), "its port has to be a number")
        return MailNotice(
            host,
            port if isinstance(port, int) else _PORTS[section.tls],
            section.sender,
            section.to.values(),
            section.tls,
            self._file((*path, "ca"), section.ca),
            section.user,
            section.password,
        )

    def _command(self, section: NotifySection) -> CommandNotice:
        path: KeyPath = ("notify", "command")
        program, *arguments = section.command.values()
        if "/" in program or "\\" in program:
            file = self.report.file(path, program)
            if not file.is_file():
                self.report.warning(path, f"there is no file {file}")
            program = str(file)
        elif shutil.which(program) is None:
            self.report.warning(path, f'there is no program "{program}" in the path', "write the whole path")
        return CommandNotice((program, *arguments), section.command_timeout)

    def _file(self, path: KeyPath, text: str | None) -> Path | None:
        return None if text is None else self.report.file(path, text)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
