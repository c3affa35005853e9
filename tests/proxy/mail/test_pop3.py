"""What mode ``pop3`` does its own way."""

from exproxy.proxy.mail.pop3 import EARLY, NONE_LEFT, Pop3
from exproxy.wire.mailsettings import Settings
from exproxy.wire.reception.base import ClientFacts
from tests.proxy.stage import Stage

CLIENT = ClientFacts(("192.0.2.77", 40000), ("192.0.2.9", 110))


class Pop3Tests(Stage):
    def test_only_those_who_want_it_are_told_who_the_client_is(self) -> None:
        backend = self.backend(xclient={"one"})
        manner = Pop3(Settings(), backend).manner()
        said = {
            name: manner.reception(server, CLIENT).receive(b"+OK [XCLIENT] hi\r\n").say
            for name, server in backend.pool.servers.items()
        }
        self.assertEqual(said, {"one": b"XCLIENT ADDR=192.0.2.77 PORT=40000\r\n", "two": b""})

    def test_stls_is_offered_to_those_who_can_have_it(self) -> None:
        manner = Pop3(Settings(), self.backend()).manner()
        for offered in (True, False):
            relay = manner.relay(False, offered)
            relay.from_client(b"CAPA\r\n")
            self.assertEqual(b"STLS" in relay.from_server(b"+OK\r\n.\r\n").to_client, offered)

    def test_what_a_client_hears_is_pop3(self) -> None:
        self.assertEqual((NONE_LEFT[:5], EARLY[:5]), (b"-ERR ", b"-ERR "))
