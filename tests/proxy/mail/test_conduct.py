"""What the clients of one source do wrong, over all of its sessions."""

from ipaddress import ip_network

from twisted.trial.unittest import SynchronousTestCase

from exproxy.pool.key import SourceKeys
from exproxy.pool.rates import Rates
from exproxy.proxy.mail.conduct import Conduct, Limits
from exproxy.proxy.networks import Networks
from exproxy.proxy.web.guard import Tarpit
from exproxy.wire.smtprelay import Facts
from tests.net.memory import Recorder
from tests.proxy.mail.deskstage import PASSWORD, DeskStage
from tests.proxy.mail.mailstage import MailStage

BAD, FAILURES = "bad commands beyond bad_commands", "failed logins beyond auth_failures"


class LimitsTests(SynchronousTestCase):
    def setUp(self) -> None:
        exempt = Networks((ip_network("10.0.0.0/8"),))
        self.limits = Limits(SourceKeys(32, 64), Rates(3, 60.0), Rates(2, 60.0), exempt)

    def client(self, host: str = "192.0.2.7") -> Conduct:
        conduct = self.limits.conduct(host)
        assert conduct is not None
        return conduct

    def test_sessions_are_added_up(self) -> None:
        self.assertEqual(self.client().note(Facts(bad=2), 0.0), "")
        self.assertEqual(self.client().note(Facts(bad=1), 1.0), BAD)
        self.assertEqual(self.client().over(2.0), BAD)

    def test_so_are_failed_logins(self) -> None:
        one = self.client()
        self.assertEqual(one.note(Facts(auth_failures=1), 0.0), "")
        self.assertEqual(one.note(Facts(auth_failures=2), 1.0), FAILURES)

    def test_nothing_is_counted_twice(self) -> None:
        one = self.client()
        for _ in range(9):
            self.assertEqual(one.note(Facts(bad=2, auth_failures=1), 0.0), "")
        self.assertEqual(self.client().over(0.0), "")

    def test_what_is_counted_anew_is_not_taken_back(self) -> None:
        one = self.client()
        one.note(Facts(bad=2), 0.0)
        self.assertEqual(one.note(Facts(), 0.0), "")
        self.assertEqual(one.note(Facts(bad=1), 0.0), BAD)

    def test_other_sources_are_not_touched(self) -> None:
        self.client().note(Facts(bad=9), 0.0)
        self.assertEqual(self.client("192.0.2.8").over(0.0), "")

    def test_it_is_past_in_time(self) -> None:
        self.client().note(Facts(bad=3), 0.0)
        self.assertEqual(self.client().over(130.0), "")

    def test_who_is_exempt_is_not_looked_at(self) -> None:
        self.assertIsNone(self.limits.conduct("10.1.2.3"))

    def test_one_limit_may_be_there_alone(self) -> None:
        alone = Limits(SourceKeys(32, 64), Rates(1, 60.0))
        conduct = alone.conduct("192.0.2.7")
        assert conduct is not None
        self.assertEqual(conduct.note(Facts(auth_failures=5), 0.0), "")
        self.assertEqual(list(alone.shared()), ["bad_commands"])

    def test_both_are_shared_by_name(self) -> None:
        self.assertEqual(set(self.limits.shared()), {"bad_commands", "auth_failures"})


class VisitTests(MailStage):
    ABUSED = b"421 4.7.0 Too many errors from your address, try again later\r\n"

    def limited(self, tarpit: Tarpit | None = None) -> None:
        self.serve(limits=Limits(SourceKeys(32, 64), Rates(3, 60.0), Rates(2, 60.0), Networks(()), tarpit))

    def spoil(self) -> Recorder:
        """A client that reaches the limit, and goes."""
        client = self.client()
        self.says(client, "XCLIENT ADDR=1", "XCLIENT ADDR=1", "XCLIENT ADDR=1")
        self.leaves(client)
        return client

    def leaves(self, client: Recorder) -> None:
        client.stream.close()
        self.settle()

    def test_who_reaches_a_limit_is_told_and_let_go(self) -> None:
        self.limited()
        client = self.spoil()
        self.assertTrue(client.data.endswith(self.ABUSED))
        self.assertEqual(self.got("one"), [b"QUIT\r\n"])
        self.assertEqual((self.lines()[0].session.termination, self.lines()[0].last), ("PD", "421"))

    def test_so_is_who_fails_to_log_in(self) -> None:
        self.limited()
        client = self.client()
        for _ in range(2):
            self.says(client, "AUTH PLAIN AGEAYg==")
            self.reply(b"535 5.7.8 no\r\n")
        self.assertTrue(client.data.endswith(b"535 5.7.8 no\r\n" + self.ABUSED))

    def test_the_next_one_from_there_hears_it_instead_of_a_greeting(self) -> None:
        self.limited()
        self.spoil()
        reached = len(self.servers["one"].sessions) + len(self.servers["two"].sessions)
        client = self.client()
        self.assertEqual(client.data, self.ABUSED)
        self.assertEqual(len(self.servers["one"].sessions) + len(self.servers["two"].sessions), reached)
        self.leaves(client)
        self.assertEqual(self.lines()[-1].session.termination, "PR")
        self.assertGreaterEqual(self.house.frontend.limited, 2)
        self.assertIn(BAD, self.house.frontend.limit)

    def test_after_a_while_it_is_served_again(self) -> None:
        self.limited()
        self.spoil()
        self.clock.advance(130)
        self.assertTrue(self.client().data.startswith(b"220 "))

    def test_in_the_tarpit_it_waits_for_that(self) -> None:
        tarpit = Tarpit(20.0, 1)
        self.limited(tarpit)
        self.spoil()
        held, told = self.client(), self.client()
        self.assertEqual((held.data, told.data, tarpit.taken), (b"", self.ABUSED, 1))
        self.clock.advance(21)
        self.settle()
        self.assertEqual((held.data, tarpit.taken), (self.ABUSED, 0))
        self.leaves(told)
        self.leaves(held)
        self.assertEqual(self.lines()[-1].session.termination, "PT")

    def test_who_leaves_the_tarpit_gives_its_place_back(self) -> None:
        tarpit = Tarpit(20.0, 1)
        self.limited(tarpit)
        self.spoil()
        self.client().stream.abort()
        self.settle()
        self.assertEqual(tarpit.taken, 0)

    def test_what_a_session_ends_with_counts_too(self) -> None:
        self.limited()
        client = self.client()
        self.says(client, "XCLIENT ADDR=1", "XCLIENT ADDR=1")
        client.stream.write(b"AUTH PLAIN AGEAYg==\r\nBDAT x\r\n")
        self.settle()
        client.stream.abort()
        self.settle()
        self.says(self.client(), "XCLIENT ADDR=1")
        self.assertEqual(self.client().data, self.ABUSED)


class DeskVisitTests(DeskStage):
    """Where users say who they are before they have a server."""

    ABUSED = b"* BYE [UNAVAILABLE] Too many errors from your address, try again later\r\n"

    def limited(self) -> None:
        self.desks(failure_delay=0.0, limits=Limits(SourceKeys(32, 64), Rates(3, 60.0), Rates(2, 60.0)))

    def test_logins_that_fail_are_added_up(self) -> None:
        self.limited()
        for told in (False, True):
            client = self.client()
            self.send(client, b"a LOGIN anna wrong\r\n")
            self.assertIn(b"a NO [AUTHENTICATIONFAILED] Go\r\n", client.data)
            self.assertEqual(client.data.endswith(self.ABUSED), told)
        self.assertEqual(self.client().data, self.ABUSED)

    def test_so_are_bad_commands(self) -> None:
        self.limited()
        client = self.client()
        for number in range(3):
            self.send(client, b"a%d WHAT\r\n" % number)
        self.assertTrue(client.data.endswith(self.ABUSED))
        self.assertTrue(client.eof)

    def test_who_logs_in_is_left_alone(self) -> None:
        self.limited()
        client = self.client()
        self.send(client, b"a LOGIN anna wrong\r\n")
        self.send(client, b'b LOGIN anna "%b"\r\n' % PASSWORD)
        self.send(client, b"c NOOP\r\n")
        self.assertNotIn(b"* BYE", client.data)
