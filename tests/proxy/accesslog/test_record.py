"""Tests of exproxy.proxy.accesslog.record."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.proxy.accesslog.record import SessionRecord
from tests.proxy.accesslog.samples import RECORD


class SessionRecordTests(SynchronousTestCase):
    def test_has_the_fields_of_tcplog_in_an_order_that_formatters_unpack(self) -> None:
        self.assertEqual(
            SessionRecord._fields,
            (
                "client", "accepted", "frontend", "backend", "server", "queue_ms", "connect_ms", "total_ms", "bytes_in",
                "bytes_out", "termination", "actconn", "feconn", "beconn", "srv_conn", "retries", "redispatched",
                "srv_queue", "backend_queue",
            ),
        )  # fmt: skip

    def test_is_a_plain_tuple(self) -> None:
        self.assertEqual(RECORD[0], ("192.0.2.7", 33313))
