from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from exproxy.check.checkers.rpch import RpchChecker, RpchOptions
from exproxy.check.interfaces import Target
from exproxy.check.plugins import checkers
from exproxy.config.load import load
from exproxy.config.model import Check, CheckTLS
from exproxy.wire.dialogue.base import Send


class RpchTests(SynchronousTestCase):
    def request(self, host: str = "ex1.example.com", port: int = 443, **options: Any) -> str:
        target = Target("web/ex1", "10.0.0.15", port, host)
        (send,) = RpchChecker().dialogue(RpchOptions(**options), target).start()
        assert isinstance(send, Send)
        return send.data.decode()

    def test_it_is_a_type_of_check(self) -> None:
        self.assertIsInstance(checkers()["rpch"], RpchChecker)

    def test_the_proxy_is_asked_for_the_servers_own_client_access(self) -> None:
        request = self.request()
        self.assertTrue(request.startswith("RPC_IN_DATA /rpc/rpcproxy.dll?ex1.example.com:6001 HTTP/1.1\r\n"), request)
        self.assertIn("\r\nHost: ex1.example.com\r\n", request)
        self.assertNotIn("Authorization", request)

    def test_an_ipv6_address_has_brackets(self) -> None:
        self.assertIn("?[fd00::15]:6001 ", self.request("fd00::15"))

    def test_all_of_it_can_be_said(self) -> None:
        request = self.request(path="/rpcwithcert/rpcproxy.dll", server="cas:593", host="mail", verb="RPC_OUT_DATA")
        self.assertTrue(request.startswith("RPC_OUT_DATA /rpcwithcert/rpcproxy.dll?cas:593 HTTP/1.1\r\nHost: mail\r\n"), request)

    def test_with_credentials_they_are_sent(self) -> None:
        self.assertIn("\r\nAuthorization: Basic YW5uYTpkZW1v\r\n", self.request(user="anna", password="demo"))

    def test_a_user_needs_a_password_and_a_password_a_user(self) -> None:
        self.assertEqual(str(self.assertRaises(ValueError, RpchOptions, user="anna")), "a user needs a password")
        self.assertEqual(str(self.assertRaises(ValueError, RpchOptions, password="x")), "a password needs a user")

    def test_what_cannot_be_is_refused(self) -> None:
        for wrong in ({"path": "rpc"}, {"server": "cas"}, {"server": "a b:1"}, {"host": "a\r\n"}):
            self.assertRaises(ValueError, RpchOptions, **wrong)
        self.assertRaises(ValueError, RpchOptions, user="a:b", password="x")

    def test_the_password_is_in_no_text_of_the_options(self) -> None:
        self.assertNotIn("demo", repr(RpchOptions(user="anna", password="demo")))


class ConfiguredTests(SynchronousTestCase):
    def check(self, words: str) -> Check:
        path = Path(self.mktemp())
        path.write_text(
            f'[frontends.a]\nbind = ":1"\nbackend = "a"\n[backends.a.servers]\nex1 = {{ address = "10.0.0.15:443", {words} }}\n'
        )
        (check,) = load(path, {"MAILBOX": "demo"}, checkers()).backends["a"].servers[0].checks
        return check

    def test_it_has_tls_from_the_first_byte_without_a_word(self) -> None:
        self.assertEqual(self.check('check = "rpch"').tls, CheckTLS("implicit"))

    def test_tls_that_ends_before_the_server_is_switched_off(self) -> None:
        self.assertIsNone(self.check('check = { type = "rpch", tls = "off", port = 80 }').tls)

    def test_the_password_may_come_from_the_environment(self) -> None:
        check = self.check('check = { type = "rpch", user = "anna", password = "${MAILBOX}" }')
        self.assertEqual(check.options, RpchOptions(user="anna", password="demo"))
