"""What is known of a request, as lines."""

import json
import time

from twisted.trial.unittest import SynchronousTestCase

from exproxy.proxy.accesslog.formats import JsonFormat, TextFormat
from exproxy.proxy.accesslog.request import RequestRecord

RECORD = RequestRecord(
    client=("192.0.2.5", 4711),
    accepted=0.655,
    frontend="web",
    backend="owa",
    server="ex1",
    request_ms=4,
    queue_ms=1,
    connect_ms=2,
    response_ms=3,
    total_ms=9,
    status=200,
    bytes_in=77,
    bytes_out=2750,
    termination="--",
    actconn=5,
    feconn=4,
    beconn=3,
    srv_conn=2,
    retries=1,
    redispatched=True,
    srv_queue=0,
    backend_queue=6,
    request=b"GET /owa HTTP/1.1",
)
NOTHING = RECORD._replace(
    backend=None, server=None, request_ms=-1, queue_ms=-1, response_ms=-1, status=-1, termination="CR", request=b""
)


class RequestTests(SynchronousTestCase):
    def text(self, record: RequestRecord) -> str:
        return TextFormat(time.gmtime)(record)

    def test_text_is_as_httplog_with_the_bytes_from_the_client_behind_it(self) -> None:
        self.assertEqual(
            self.text(RECORD),
            "192.0.2.5:4711 [01/Jan/1970:00:00:00.655] web owa/ex1 4/1/2/3/9 200 2750 - - ---- 5/4/3/2/+1 0/6"
            ' "GET /owa HTTP/1.1" 77',
        )

    def test_what_was_no_request_is_badreq(self) -> None:
        self.assertIn(' web -/<NOSRV> -1/-1/2/-1/9 -1 2750 - - CR-- 5/4/3/2/+1 0/6 "<BADREQ>" 77', self.text(NOTHING))

    def test_a_request_line_can_neither_end_its_field_nor_steer_a_terminal(self) -> None:
        line = self.text(RECORD._replace(request=b'GET /"\x9b1m\xff HTTP/1.1'))
        self.assertIn('"GET /#22\\x9b1m\u00ff HTTP/1.1" 77', line)

    def test_json_has_the_same(self) -> None:
        told = json.loads(JsonFormat()(RECORD))
        self.assertEqual(
            (told["request"], told["status"], told["request_ms"], told["response_ms"]), ("GET /owa HTTP/1.1", 200, 4, 3)
        )
        self.assertEqual((told["frontend"], told["backend"], told["server"], told["retries"]), ("web", "owa", "ex1", 1))
        self.assertEqual((told["bytes_read"], told["bytes_uploaded"], told["termination"]), (2750, 77, "--"))

    def test_in_json_what_is_not_there_is_null(self) -> None:
        told = json.loads(JsonFormat()(NOTHING))
        self.assertEqual(
            [told[key] for key in ("request", "status", "request_ms", "response_ms", "queue_ms", "server")], [None] * 6
        )
