"""Tests for :mod:`exproxy.wire.web.hops`."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.web.hops import REQUEST_HOPS, RESPONSE_HOPS, dropped


class DroppedTests(SynchronousTestCase):
    def test_usual_options_name_nothing_more(self) -> None:
        for options in ((), (b"keep-alive",), (b"close", b"te"), (b"upgrade", b"")):
            self.assertIs(dropped(REQUEST_HOPS, options), REQUEST_HOPS)

    def test_named_lines_go(self) -> None:
        self.assertEqual(dropped(REQUEST_HOPS, (b"close", b"x-hop")) - REQUEST_HOPS, {b"x-hop"})

    def test_what_goes_always(self) -> None:
        between = {b"connection", b"keep-alive", b"proxy-connection", b"te", b"upgrade"}
        mock = {b"content_length", b"transfer_encoding"}
        self.assertEqual(REQUEST_HOPS - between - mock, {b"http2-settings", b"proxy", b"proxy-authorization"})
        self.assertEqual(RESPONSE_HOPS - between, {b"proxy-authenticate", b"proxy-authentication-info"})

    def test_what_must_stay_cannot_be_named(self) -> None:
        names = (b"host", b"content-length", b"transfer-encoding", b"authorization", b"cookie", b"x-forwarded-for", b"forwarded")
        more = (
            b"if-match",
            b"sec-websocket-key",
            b"front-end-https",
            b"content-type",
            b"expect",
            b"x-real-ip",
            b"x-original-host",
        )
        self.assertEqual(dropped(REQUEST_HOPS, names + more), REQUEST_HOPS)
