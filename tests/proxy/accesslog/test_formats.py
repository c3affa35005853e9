"""Tests of exproxy.proxy.accesslog.formats."""

import json
import time

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from exproxy.proxy.accesslog.formats import JsonFormat, TextFormat, printable
from tests.proxy.accesslog.samples import RECORD

HOSTILE = "a\r\nb\x1b[2J\u202e\udcff"


def text(**changes: object) -> str:
    return TextFormat(time.gmtime)(RECORD._replace(**changes))


class TextFormatTests(SynchronousTestCase):
    def test_a_line_is_tcplogs_and_then_the_bytes_from_the_client(self) -> None:
        self.assertEqual(text(), "192.0.2.7:33313 [06/Feb/2009:12:12:51.443] smtp hub/ex1 2/3/5007 212 -- 5/4/3/2/1 6/7 99")

    def test_a_redispatched_session_has_a_plus_before_its_retries(self) -> None:
        self.assertIn(" 5/4/3/2/+1 ", text(redispatched=True))

    def test_a_session_without_a_server_says_nosrv(self) -> None:
        self.assertIn(
            " smtp hub/<NOSRV> 2/-1/10 0 SC ", text(server=None, connect_ms=-1, total_ms=10, bytes_out=0, termination="SC")
        )

    def test_a_session_without_a_back_end_has_a_dash(self) -> None:
        self.assertIn(" smtp -/<NOSRV> ", text(backend=None, server=None))

    def test_an_ipv6_client_is_written_as_haproxy_does(self) -> None:
        self.assertTrue(text(client=("2001:db8::7", 1)).startswith("2001:db8::7:1 ["))

    def test_control_characters_are_escaped(self) -> None:
        self.assertIn(r" a\r\nb\x1b[2J\u202e\udcff hub/", text(frontend=HOSTILE))


class JsonFormatTests(SynchronousTestCase):
    def test_a_line_is_one_object_with_every_field(self) -> None:
        self.assertEqual(
            json.loads(JsonFormat()(RECORD)),
            {
                "time": "2009-02-06T12:12:51.443Z",
                "client_ip": "192.0.2.7",
                "client_port": 33313,
                "frontend": "smtp",
                "backend": "hub",
                "server": "ex1",
                "queue_ms": 2,
                "connect_ms": 3,
                "total_ms": 5007,
                "bytes_read": 212,
                "bytes_uploaded": 99,
                "termination": "--",
                "actconn": 5,
                "feconn": 4,
                "beconn": 3,
                "srv_conn": 2,
                "retries": 1,
                "redispatched": False,
                "srv_queue": 6,
                "backend_queue": 7,
            },
        )

    def test_what_was_not_reached_is_null(self) -> None:
        line = JsonFormat()(RECORD._replace(backend=None, server=None, queue_ms=-1, connect_ms=-1, total_ms=-1))
        found = json.loads(line)
        self.assertEqual(
            {key for key, value in found.items() if value is None}, {"backend", "server", "queue_ms", "connect_ms", "total_ms"}
        )

    @given(st.text(), st.text())
    def test_any_text_comes_back_from_one_ascii_line(self, frontend: str, host: str) -> None:
        line = JsonFormat()(RECORD._replace(frontend=frontend, client=(host, 1)))
        found = json.loads(line)
        self.assertEqual((found["frontend"], found["client_ip"], line.isascii(), "\n" in line), (frontend, host, True, False))


class PrintableTests(SynchronousTestCase):
    def test_ordinary_text_is_left_as_it_is(self) -> None:
        self.assertEqual(printable("Größe 5"), "Größe 5")

    @given(st.text(st.characters()))
    def test_the_result_is_always_printable(self, anything: str) -> None:
        self.assertTrue(printable(anything).isprintable())
