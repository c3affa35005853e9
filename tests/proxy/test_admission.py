"""Who may come in."""

from ipaddress import ip_network

from twisted.trial.unittest import SynchronousTestCase

from exproxy.pool.key import SourceKeys
from exproxy.pool.presence import Presence
from exproxy.pool.rates import Rates
from exproxy.proxy.admission import Admission, Gatekeeping, Unwanted
from exproxy.proxy.networks import Networks

INSIDE = Networks((ip_network("10.0.0.0/8"),))


class AdmissionTests(SynchronousTestCase):
    def admission(self, *rules: Gatekeeping, conn_cur: int | None = None, conn_rate: int | None = None) -> Admission:
        present = None if conn_cur is None else Presence(conn_cur)
        arriving = None if conn_rate is None else Rates(conn_rate, 10.0)
        return Admission(SourceKeys(ipv6_prefix=64), rules, present, arriving, INSIDE)

    def refused(self, admission: Admission, host: str, now: float = 0.0) -> str:
        """Why a client is refused, or nothing; who comes in stays."""
        try:
            admission.stay(object(), admission.admit(host, now))
        except Unwanted as why:
            self.assertEqual(why.limited, "denied" not in str(why))
            return str(why)
        return ""

    def test_without_rules_and_limits_everybody_comes_in_and_nothing_is_counted(self) -> None:
        admission = self.admission()
        self.assertEqual(admission.admit("192.0.2.1", 0.0), b"")

    def test_the_first_rule_that_names_the_network_decides(self) -> None:
        admission = self.admission(Gatekeeping(True, INSIDE), Gatekeeping(False))
        hosts = ("10.1.2.3", "::ffff:10.1.2.3", "192.0.2.1", "2001:db8::1")
        self.assertEqual([self.refused(admission, host) for host in hosts], ["", "", "access denied", "access denied"])

    def test_whom_no_rule_names_comes_in(self) -> None:
        admission = self.admission(Gatekeeping(False, INSIDE))
        self.assertEqual([self.refused(admission, host) for host in ("10.0.0.1", "192.0.2.1")], ["access denied", ""])

    def test_so_many_at_a_time_and_another_when_one_has_left(self) -> None:
        admission = self.admission(conn_cur=1)
        session = object()
        admission.stay(session, admission.admit("192.0.2.1", 0.0))
        self.assertIn("conn_cur", self.refused(admission, "192.0.2.1"))
        self.assertEqual(self.refused(admission, "192.0.2.2"), "")
        admission.leave(session)
        self.assertEqual(self.refused(admission, "192.0.2.1"), "")

    def test_so_many_new_ones_in_a_time(self) -> None:
        admission = self.admission(conn_rate=2)
        self.assertEqual([bool(self.refused(admission, "192.0.2.1")) for _ in range(3)], [False, False, True])
        self.assertEqual(self.refused(admission, "192.0.2.1", 20.0), "")

    def test_addresses_of_one_ipv6_network_are_one_source(self) -> None:
        admission = self.admission(conn_cur=1)
        self.refused(admission, "2001:db8::1")
        self.assertIn("conn_cur", self.refused(admission, "2001:db8::ffff:2"))
        self.assertEqual(self.refused(admission, "2001:db8:0:1::1"), "")

    def test_who_is_exempt_has_no_limits(self) -> None:
        admission = self.admission(conn_cur=1, conn_rate=1)
        self.assertEqual([self.refused(admission, "10.0.0.1") for _ in range(5)], [""] * 5)

    def test_a_balancer_that_speaks_for_itself_has_none_but_for_rules(self) -> None:
        admission = self.admission(conn_cur=1)
        self.refused(admission, "192.0.2.1")
        self.assertEqual(admission.admit("192.0.2.1", 0.0, counts=False), b"")
        self.assertRaises(Unwanted, self.admission(Gatekeeping(False)).admit, "192.0.2.1", 0.0, counts=False)

    def test_who_was_never_in_may_leave(self) -> None:
        admission = self.admission(conn_cur=1)
        admission.leave(object())
        self.assertEqual(self.refused(admission, "192.0.2.1"), "")

    def test_what_others_are_told_of(self) -> None:
        self.assertEqual(list(self.admission(conn_cur=1, conn_rate=1).shared()), ["conn_rate"])
        self.assertEqual(self.admission(conn_cur=1).shared(), {})


class InheritTests(SynchronousTestCase):
    """The configuration has changed."""

    def admission(self, conn_cur: int | None, prefix: int = 64) -> Admission:
        present = None if conn_cur is None else Presence(conn_cur)
        return Admission(SourceKeys(ipv6_prefix=prefix), (), present, conn_cur=conn_cur)

    def test_who_is_there_is_counted_on(self) -> None:
        former, latter = self.admission(3), self.admission(1)
        former.stay("session", former.admit("203.0.113.5", 0.0))
        latter.inherit(former)
        self.assertRaises(Unwanted, latter.admit, "203.0.113.5", 1.0)
        latter.leave("session")
        self.assertTrue(latter.admit("203.0.113.5", 2.0))

    def test_where_sources_are_other_ones_all_begins_anew(self) -> None:
        former, latter = self.admission(3), self.admission(1, prefix=56)
        former.stay("session", former.admit("203.0.113.5", 0.0))
        latter.inherit(former)
        self.assertTrue(latter.admit("203.0.113.5", 1.0))
        latter.leave("session")

    def test_where_nobody_counted_there_is_nothing_to_take_over(self) -> None:
        latter = self.admission(1)
        latter.inherit(self.admission(None))
        self.assertTrue(latter.admit("203.0.113.5", 1.0))
