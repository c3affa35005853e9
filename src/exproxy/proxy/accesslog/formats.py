"""An access line as text, as HAProxy's tcplog has it, or as one JSON object (docs/logging.md has the fields)."""

import json
import time
from collections.abc import Callable

from exproxy.proxy.accesslog.dates import Dates, common, iso
from exproxy.proxy.accesslog.mail import MailRecord
from exproxy.proxy.accesslog.record import SessionRecord
from exproxy.proxy.accesslog.request import RequestRecord

Record = SessionRecord | RequestRecord | MailRecord
Formatter = Callable[[Record], str]

NO_BACKEND = "-"
NO_SERVER = "<NOSRV>"
NO_REQUEST = "<BADREQ>"


def printable(text: str) -> str:
    """The text with every character that could forge a line or steer a terminal written as an escape.

    Lone surrogates (undecodable bytes) are escaped too, so the result can always be encoded.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


class TextFormat:
    """HAProxy's tcplog or httplog, field by field, and the bytes from the client at the end: tools that read those go on to work.

    :param zone: what makes a date of the epoch's seconds; HAProxy writes local time.
    """

    __slots__ = ("_date",)

    def __init__(self, zone: Callable[[float], time.struct_time] = time.localtime) -> None:
        self._date = Dates(common, zone)

    def __call__(self, record: Record) -> str:
        if isinstance(record, RequestRecord):
            return self._request(record)
        if isinstance(record, MailRecord):
            return self._mail(record)
        (
            (host, port), accepted, frontend, backend, server, queue_ms, connect_ms, total_ms, bytes_in, bytes_out,
            termination, actconn, feconn, beconn, srv_conn, retries, redispatched, srv_queue, backend_queue,
        ) = record  # fmt: skip
        line = (
            f"{host}:{port} [{self._date(accepted)}] {frontend} {backend or NO_BACKEND}/{server or NO_SERVER} "
            f"{queue_ms}/{connect_ms}/{total_ms} {bytes_out} {termination} "
            f"{actconn}/{feconn}/{beconn}/{srv_conn}/{'+' if redispatched else ''}{retries} "
            f"{srv_queue}/{backend_queue} {bytes_in}"
        )
        return line if line.isprintable() else printable(line)

    def _request(self, record: RequestRecord) -> str:
        (
            (host, port), accepted, frontend, backend, server, request_ms, queue_ms, connect_ms, response_ms, total_ms, status,
            bytes_in, bytes_out, termination, actconn, feconn, beconn, srv_conn, retries, redispatched, srv_queue, backend_queue,
            request, cookies,
        ) = record  # fmt: skip
        line = (
            f"{host}:{port} [{self._date(accepted)}] {frontend} {backend or NO_BACKEND}/{server or NO_SERVER} "
            f"{request_ms}/{queue_ms}/{connect_ms}/{response_ms}/{total_ms} {status} {bytes_out} - - {termination}{cookies} "
            f"{actconn}/{feconn}/{beconn}/{srv_conn}/{'+' if redispatched else ''}{retries} "
            f'{srv_queue}/{backend_queue} "{_request_line(request)}" {bytes_in}'
        )
        return line if line.isprintable() else printable(line)

    def _mail(self, record: MailRecord) -> str:
        helo = record.helo.replace('"', "#22")
        line = f'tls={record.tls or "-"} helo="{helo}" user={record.user or "-"} mails={record.mails} last={record.last or "-"}'
        return f"{self(record.session)} {line if line.isprintable() else printable(line)}"


class JsonFormat:
    """One JSON object a line, in ASCII; dates in UTC; what was not reached or is not there is ``null``."""

    __slots__ = ("_date", "_quote")

    def __init__(self) -> None:
        self._date = Dates(iso, time.gmtime)
        self._quote = json.JSONEncoder().encode  # a third of the cost of encoding a whole dictionary

    def __call__(self, record: Record) -> str:
        if isinstance(record, RequestRecord):
            return self._request(record)
        if isinstance(record, MailRecord):
            return self._mail(record)
        (
            (host, port), accepted, frontend, backend, server, queue_ms, connect_ms, total_ms, bytes_in, bytes_out,
            termination, actconn, feconn, beconn, srv_conn, retries, redispatched, srv_queue, backend_queue,
        ) = record  # fmt: skip
        quote = self._quote
        return (
            f'{{"time": "{self._date(accepted)}Z", "client_ip": {quote(host)}, "client_port": {port}, '
            f'"frontend": {quote(frontend)}, "backend": {quote(backend) if backend else "null"}, '
            f'"server": {quote(server) if server else "null"}, "queue_ms": {queue_ms if queue_ms >= 0 else "null"}, '
            f'"connect_ms": {connect_ms if connect_ms >= 0 else "null"}, "total_ms": {total_ms if total_ms >= 0 else "null"}, '
            f'"bytes_read": {bytes_out}, "bytes_uploaded": {bytes_in}, "termination": {quote(termination)}, '
            f'"actconn": {actconn}, "feconn": {feconn}, "beconn": {beconn}, "srv_conn": {srv_conn}, "retries": {retries}, '
            f'"redispatched": {"true" if redispatched else "false"}, '
            f'"srv_queue": {srv_queue}, "backend_queue": {backend_queue}}}'
        )

    def _request(self, record: RequestRecord) -> str:
        (
            (host, port), accepted, frontend, backend, server, request_ms, queue_ms, connect_ms, response_ms, total_ms, status,
            bytes_in, bytes_out, termination, actconn, feconn, beconn, srv_conn, retries, redispatched, srv_queue, backend_queue,
            request, cookies,
        ) = record  # fmt: skip
        quote = self._quote
        return (
            f'{{"time": "{self._date(accepted)}Z", "client_ip": {quote(host)}, "client_port": {port}, '
            f'"frontend": {quote(frontend)}, "backend": {quote(backend) if backend else "null"}, '
            f'"server": {quote(server) if server else "null"}, "request_ms": {request_ms if request_ms >= 0 else "null"}, '
            f'"queue_ms": {queue_ms if queue_ms >= 0 else "null"}, "connect_ms": {connect_ms if connect_ms >= 0 else "null"}, '
            f'"response_ms": {response_ms if response_ms >= 0 else "null"}, "total_ms": {total_ms}, '
            f'"status": {status if status >= 0 else "null"}, "request": {quote(_request_line(request)) if request else "null"}, '
            f'"bytes_read": {bytes_out}, "bytes_uploaded": {bytes_in}, "termination": {quote(termination)}, '
            f'"cookies": {quote(cookies)}, '
            f'"actconn": {actconn}, "feconn": {feconn}, "beconn": {beconn}, "srv_conn": {srv_conn}, "retries": {retries}, '
            f'"redispatched": {"true" if redispatched else "false"}, '
            f'"srv_queue": {srv_queue}, "backend_queue": {backend_queue}}}'
        )

    def _mail(self, record: MailRecord) -> str:
        quote = self._quote
        return (
            f'{self(record.session)[:-1]}, "tls": {quote(record.tls) if record.tls else "null"}, '
            f'"helo": {quote(record.helo) if record.helo else "null"}, "user": {quote(record.user) if record.user else "null"}, '
            f'"mails": {record.mails}, "last": {quote(record.last) if record.last else "null"}}}'
        )


def _request_line(request: bytes) -> str:
    """No quote within, for it ends the field; HAProxy writes one as ``#22``."""
    return request.decode("latin-1").replace('"', "#22") if request else NO_REQUEST
