"""What a configuration says of protection, as the objects that see to it."""

from ipaddress import ip_network

from twisted.trial.unittest import SynchronousTestCase

from exproxy.config import model
from exproxy.proxy.admission import Unwanted
from exproxy.site.protection import Together, admission, conduct, guard
from exproxy.wire.smtprelay import Facts
from tests.proxy.web.test_guard import basic
from tests.proxy.web.test_routes import head

SERVICE = model.Service(maxconn=1000, workers=2)
INSIDE = (ip_network("10.0.0.0/8"),)


def front(*access: model.Access, web: model.Web | None = None, **limits: object) -> model.Frontend:
    per_source = model.PerSource(**limits) if limits else None  # type: ignore[arg-type]  # each test knows what it says
    return model.Frontend("web", "http" if web else "tcp", (), "hub", access=access, per_source=per_source, web=web)


class AdmissionTests(SynchronousTestCase):
    def test_where_nothing_is_said_nobody_is_asked(self) -> None:
        self.assertIsNone(admission(front()))
        self.assertIsNone(admission(front(http_req_rate=model.Rate(1, 1.0), web=model.Web())))

    def test_rules_by_network_where_there_are_no_requests(self) -> None:
        made = admission(front(model.Access("allow", INSIDE), model.Access("deny")))
        assert made is not None
        made.admit("10.0.0.1", 0.0)
        self.assertRaises(Unwanted, made.admit, "192.0.2.1", 0.0)

    def test_in_mode_http_rules_are_asked_for_requests(self) -> None:
        self.assertIsNone(admission(front(model.Access("deny"), web=model.Web())))

    def test_limits_with_their_prefixes_and_exceptions(self) -> None:
        made = admission(front(conn_cur=1, ipv4_prefix=24, exempt=INSIDE))
        assert made is not None
        self.assertTrue(made.admit("192.0.2.1", 0.0))
        self.assertRaises(Unwanted, made.admit, "192.0.2.200", 0.0)
        self.assertEqual([made.admit("10.0.0.1", 0.0) for _ in range(3)], [b""] * 3)

    def test_a_trusted_proxy_comes_for_many(self) -> None:
        made = admission(front(conn_rate=model.Rate(1, 10.0), web=model.Web(trusted=INSIDE)))
        assert made is not None
        self.assertEqual([made.admit("10.0.0.1", 0.0) for _ in range(3)], [b""] * 3)
        made.admit("192.0.2.1", 0.0)
        self.assertRaises(Unwanted, made.admit, "192.0.2.1", 0.0)


class ConductTests(SynchronousTestCase):
    def test_where_nothing_is_said_nobody_counts(self) -> None:
        self.assertIsNone(conduct(front(conn_cur=1), SERVICE))

    def test_limits_and_where_who_reaches_them_waits(self) -> None:
        said = {"bad_commands": model.Rate(1, 60.0), "auth_failures": model.Rate(2, 60.0), "exempt": INSIDE}
        made = conduct(front(**said, action="tarpit"), SERVICE)
        assert made is not None
        assert made.tarpit is not None
        self.assertEqual((made.tarpit.seconds, made.tarpit.places), (model.Timeouts().tarpit, 50))
        self.assertIsNone(made.conduct("10.0.0.1"))
        client = made.conduct("192.0.2.1")
        assert client is not None
        self.assertTrue(client.note(Facts(bad=1), 0.0))
        together = Together()
        together.add("mx", None, None, made)
        self.assertEqual(set(together.events), {"mx bad_commands", "mx auth_failures"})

    def test_without_a_tarpit_they_are_told_at_once(self) -> None:
        made = conduct(front(bad_commands=model.Rate(1, 60.0)), SERVICE)
        assert made is not None
        self.assertIsNone(made.tarpit)


class GuardTests(SynchronousTestCase):
    def test_where_nothing_is_said_nobody_is_asked(self) -> None:
        self.assertIsNone(guard(front(conn_cur=1), model.Web(), SERVICE, b"secret"))

    def test_rules_rates_and_failures(self) -> None:
        rule = model.Access("deny", (), ("a.example.com",), ("/ecp",), ("GET",), (("x-a", "1"), ("x-b", "*")), 404)
        limits = {"http_req_rate": model.Rate(3, 10.0), "basic_failures": model.Rate(1, 60.0), "action": "tarpit"}
        made = guard(front(rule, model.Access("allow"), **limits), model.Web(), SERVICE, b"secret")
        assert made is not None
        visitor = made.visitor("192.0.2.1")
        self.assertEqual(visitor.judge(head("/ecp", "a.example.com", "GET", "X-A: 1", "X-B: 2"), 0.0).status, 404)
        proof = visitor.judge(basic("anna"), 0.0).proof
        assert proof is not None
        proof.end(401, 0.0)
        refused = visitor.judge(basic("anna"), 0.0)
        self.assertEqual((refused.status, refused.hold), (429, 60.0))
        self.assertIn("basic_failures", refused.limit)
        visitor.judge(head(), 0.0)
        self.assertIn("http_req_rate", visitor.judge(head(), 0.0).limit)

    def test_a_tarpit_has_its_part_of_the_sessions_of_a_worker(self) -> None:
        made = guard(front(model.Access("tarpit")), model.Web(), SERVICE, b"secret")
        assert made is not None
        self.assertEqual((made.tarpit.seconds, made.tarpit.places), (60.0, 50))

    def test_whom_a_trusted_proxy_names_is_the_source(self) -> None:
        made = guard(front(model.Access("allow", INSIDE), model.Access("deny")), model.Web(trusted=INSIDE), SERVICE, b"secret")
        assert made is not None
        told = head("/", "a", "GET", "X-Forwarded-For: 192.0.2.1")
        self.assertEqual(made.visitor("10.0.0.1").judge(told, 0.0).status, 403)


class TogetherTests(SynchronousTestCase):
    def test_all_that_is_counted_has_a_name_of_its_own(self) -> None:
        together = Together()
        rate = model.Rate(1, 1.0)
        for name in ("a", "b"):
            said = front(web=model.Web(), conn_cur=1, conn_rate=rate, http_req_rate=rate, basic_failures=rate)
            together.add(name, admission(said), guard(said, model.Web(), SERVICE, b"secret"))
        events = {"conn_rate", "http_req_rate", "pairs", "sources", "users", "known", "challenges"}
        self.assertEqual(set(together.events), {f"{name} {what}" for name in "ab" for what in events})
        self.assertEqual(set(together.presence), {"a conn_cur", "b conn_cur"})
