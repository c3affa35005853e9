"""Tests for :mod:`exproxy.wire.web.errors`."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.errors import WireError
from exproxy.wire.web.errors import HttpError


class HttpErrorTests(SynchronousTestCase):
    def test_it_is_a_wire_error_with_a_status(self) -> None:
        error = HttpError("it has no Host", "HTTP request", 400)
        self.assertIsInstance(error, WireError)
        self.assertEqual((str(error), error.status), ("HTTP request: it has no Host", 400))
