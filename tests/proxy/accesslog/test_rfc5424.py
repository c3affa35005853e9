"""Tests of exproxy.proxy.accesslog.rfc5424."""

import os

from twisted.trial.unittest import SynchronousTestCase

from exproxy.proxy.accesslog.rfc5424 import Header

NOON = 1_233_922_371.443


class HeaderTests(SynchronousTestCase):
    def test_it_is_that_of_rfc_5424(self) -> None:
        self.assertEqual(Header("lb1", process=42)(NOON), "<134>1 2009-02-06T12:12:51.443Z lb1 exproxy 42 access - ")

    def test_the_process_is_ours(self) -> None:
        self.assertIn(f" {os.getpid()} ", Header("lb1")(NOON))

    def test_a_name_that_syslog_does_not_allow_is_left_out(self) -> None:
        for name in ("", "l b", "größe", "a\n"):
            self.assertIn("Z - exproxy ", Header(name)(NOON))

    def test_a_name_is_at_most_255_characters(self) -> None:
        self.assertIn("Z " + 255 * "a" + " exproxy", Header(300 * "a")(NOON))
