"""What mode ``smtp`` does its own way."""

from exproxy.proxy.mail.smtp import EARLY, NONE_LEFT, Smtp
from exproxy.wire.reception.base import ClientFacts
from exproxy.wire.smtprelay import Settings
from tests.proxy.stage import Stage

CLIENT = ClientFacts(("192.0.2.77", 40000), ("192.0.2.9", 25))


class SmtpTests(Stage):
    def test_only_those_who_want_it_are_told_who_the_client_is(self) -> None:
        backend = self.backend(xclient={"one"})
        manner = Smtp("lb", Settings(), backend).manner()
        said = {}
        for name, server in backend.pool.servers.items():
            said[name] = manner.reception(server, CLIENT).receive(b"220 hi\r\n").say
        self.assertEqual(said, {"one": b"EHLO lb\r\n", "two": b""})

    def test_starttls_is_offered_to_those_who_can_have_it(self) -> None:
        manner = Smtp("lb", Settings(), self.backend()).manner()
        for offered in (True, False):
            relay = manner.relay(False, offered)
            relay.from_client(b"EHLO me\r\n")
            self.assertEqual(b"STARTTLS" in relay.from_server(b"250 one\r\n").to_client, offered)

    def test_what_a_client_hears_is_smtp(self) -> None:
        self.assertEqual((NONE_LEFT[:10], EARLY[:10]), (b"421 4.3.2 ", b"554 5.5.0 "))
