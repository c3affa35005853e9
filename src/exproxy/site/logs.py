"""The access log that a configuration asks for."""

import socket
from typing import Any

from exproxy.config import model
from exproxy.proxy.accesslog.formats import JsonFormat, TextFormat
from exproxy.proxy.accesslog.log import AccessLog
from exproxy.proxy.accesslog.rfc5424 import Header
from exproxy.proxy.accesslog.sinks import FileSink, Sink, StdoutSink
from exproxy.proxy.accesslog.syslog import open_syslog
from exproxy.site.errors import SiteError


def access_log(reactor: Any, log: model.Log) -> AccessLog:
    """Opens its sinks.

    :raises SiteError: a file or a syslog address that cannot be had.
    """
    sinks: list[Sink] = []
    if log.access == "stdout":
        sinks.append(StdoutSink())
    elif log.access is not None:
        try:
            sinks.append(FileSink(log.access))
        except OSError as error:
            raise SiteError([f"service.log.access: {log.access} cannot be opened: {error.strerror}"]) from error
    if log.syslog is not None:
        try:
            sinks.append(open_syslog(reactor, log.syslog, Header(socket.gethostname())))
        except OSError as error:
            raise SiteError([f"service.log.syslog: {log.syslog} cannot be used: {error.strerror or error}"]) from error
    return AccessLog(reactor, JsonFormat() if log.format == "json" else TextFormat(), sinks)
