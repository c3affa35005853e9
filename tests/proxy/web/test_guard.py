"""Access rules, rates and the brake, before the routes."""

from base64 import b64encode
from ipaddress import ip_network
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from exproxy.pool.key import SourceKeys
from exproxy.pool.logins import SLOW_AT_ONCE, WIDER, Logins
from exproxy.pool.rates import Rates
from exproxy.proxy.networks import Networks
from exproxy.proxy.web.guard import SLOWED, AccessRule, Action, Guard, Tarpit, Verdict
from exproxy.wire.web.head import RequestHead
from tests.integration.test_paths import TARGETS, canonical
from tests.proxy.web.test_routes import head

INSIDE = Networks((ip_network("10.0.0.0/8"), ip_network("fd00::/8")))
PROTECTED = ("/ecp", "/powershell")
RULES = (AccessRule(Action.ALLOW, paths=PROTECTED, networks=INSIDE), AccessRule(Action.DENY, paths=PROTECTED))
PASSES = Verdict()


def basic(name: str, target: str = "/ews", method: str = "POST") -> RequestHead:
    token = b64encode(f"{name}:x".encode()).decode()
    return head(target, "a", method, f"Authorization: Basic {token}")


def told(chain: str, target: str = "/ecp") -> RequestHead:
    return head(target, "a", "GET", f"X-Forwarded-For: {chain}")


class GuardStage(SynchronousTestCase):
    def setUp(self) -> None:
        self.now = 6_000.0

    def guard(self, rules: tuple[AccessRule, ...] = (), **options: Any) -> Guard:
        self.of = Guard(SourceKeys(ipv6_prefix=64), Tarpit(60.0, 3), rules, **options)
        return self.of

    def judge(self, request: RequestHead, host: str = "198.51.100.7") -> Verdict:
        return self.of.visitor(host).judge(request, self.now)

    def statuses(self, *requests: RequestHead, host: str = "198.51.100.7") -> list[int]:
        return [self.judge(request, host).status for request in requests]


class AccessTests(GuardStage):
    def test_the_administration_is_for_those_inside(self) -> None:
        self.guard(RULES)
        requests = [head(target) for target in ("/ecp/", "/powershell?x", "/owa", "/ecpx")]
        self.assertEqual(self.statuses(*requests), [403, 403, 0, 0])
        for host in ("10.1.2.3", "::ffff:10.1.2.3", "fd00::7"):
            self.assertEqual(self.statuses(*requests, host=host), [0] * 4, host)

    def test_every_spelling_of_a_protected_path_is_refused(self) -> None:
        """Those that have no canonical form are refused before."""
        self.guard(RULES)
        refused = 0
        for target in TARGETS:
            path = canonical(target)
            if path is not None and (path + "/").startswith(("/ecp/", "/ecp;")):
                self.assertEqual(self.statuses(head(target.decode("latin-1"), "a")), [403], target)
                refused += 1
        self.assertGreater(refused, 30)

    def test_the_first_rule_that_matches_wins(self) -> None:
        self.guard((AccessRule(Action.ALLOW, methods=frozenset({"GET"})), AccessRule(Action.DENY)))
        self.assertEqual(self.statuses(head("/", "a", "GET"), head("/", "a", "POST")), [0, 403])

    def test_the_status_may_be_another(self) -> None:
        self.guard((AccessRule(Action.DENY, status=404),))
        self.assertEqual(self.judge(head()), Verdict(404))

    def test_who_is_refused_may_be_held_before(self) -> None:
        self.guard((AccessRule(Action.TARPIT),))
        self.assertEqual(self.judge(head()), Verdict(403, 60.0))

    def test_rules_are_for_who_is_exempt_from_limits_too(self) -> None:
        self.guard(RULES, exempt=Networks((ip_network("198.51.100.0/24"),)))
        self.assertEqual(self.statuses(head("/ecp")), [403])


class TrustTests(GuardStage):
    """Behind a proxy that tells the truth."""

    def setUp(self) -> None:
        super().setUp()
        proxies = Networks((ip_network("10.0.0.5/32"), ip_network("10.0.0.6/32")))
        self.guard(RULES, requests=Rates(2, 10.0), trusted=proxies, exempt=proxies)

    def test_the_client_is_whom_it_names(self) -> None:
        self.assertEqual([self.judge(told(chain), "10.0.0.5").status for chain in ("198.51.100.7", "10.1.2.3")], [403, 0])

    def test_a_client_cannot_pretend_to_be_inside(self) -> None:
        lies = (told("10.1.2.3, 198.51.100.7"), told("10.1.2.3, 198.51.100.7, 10.0.0.6"))
        self.assertEqual(self.statuses(*lies, host="10.0.0.5"), [403] * 2)

    def test_from_others_no_word_of_it_is_believed(self) -> None:
        self.assertEqual(self.statuses(told("10.1.2.3"), host="198.51.100.7"), [403])
        self.assertEqual(self.statuses(told("198.51.100.7"), host="10.1.2.3"), [0])

    def test_who_names_nobody_is_the_client_itself_without_limits(self) -> None:
        self.assertEqual(self.statuses(*(head("/owa") for _ in range(5)), host="10.0.0.5"), [0] * 5)
        self.assertEqual(self.statuses(told("unknown"), host="10.0.0.5"), [0])

    def test_limits_are_each_clients_and_told_of_him(self) -> None:
        chains = ("198.51.100.7", "198.51.100.8", "198.51.100.7", "198.51.100.7", "198.51.100.8")
        verdicts = [self.judge(told(chain, "/owa"), "10.0.0.5") for chain in chains]
        self.assertEqual([verdict.status for verdict in verdicts], [0, 0, 0, 429, 0])
        self.assertEqual([verdict.client for verdict in verdicts], ["", "", "", "198.51.100.7", ""])


class RateTests(GuardStage):
    def test_beyond_its_rate_a_source_is_told_when_to_come_again(self) -> None:
        self.guard(requests=Rates(2, 10.0))
        self.assertEqual(self.statuses(head(), head()), [0, 0])
        verdict = self.judge(head())
        self.assertEqual((verdict.status, verdict.hold), (429, 0.0))
        self.assertIn("http_req_rate", verdict.limit)
        assert verdict.retry_after is not None
        self.assertEqual(verdict.lines, (b"Retry-After: %d" % verdict.retry_after,))
        self.now += verdict.retry_after
        self.assertEqual(self.judge(head()), PASSES)

    def test_requests_that_rules_refuse_are_requests_too(self) -> None:
        self.guard(RULES, requests=Rates(2, 10.0))
        self.assertEqual(self.statuses(head("/ecp"), head("/ecp"), head("/ecp"), head("/owa")), [403, 403, 429, 429])

    def test_others_have_their_own(self) -> None:
        self.guard(requests=Rates(1, 10.0))
        self.assertEqual([self.judge(head(), host).status for host in ("192.0.2.1", "192.0.2.2", "192.0.2.1")], [0, 0, 429])

    def test_who_is_exempt_has_none(self) -> None:
        self.guard(requests=Rates(1, 10.0), exempt=INSIDE)
        self.assertEqual(self.statuses(head(), head(), host="10.0.0.1"), [0, 0])

    def test_with_patience_it_is_held_before_it_is_told(self) -> None:
        self.guard(requests=Rates(1, 10.0), patient=True)
        self.judge(head())
        self.assertEqual(self.judge(head()).hold, 60.0)


class LoginTests(GuardStage):
    def setUp(self) -> None:
        super().setUp()
        self.guard(logins=Logins(3, 60.0, b"secret"))

    def login(self, name: str, answer: int, host: str = "198.51.100.7", target: str = "/ews") -> Verdict:
        verdict = self.judge(basic(name, target), host)
        if verdict.proof is not None:
            verdict.proof.end(answer, self.now)
        return verdict

    def test_failures_end_in_429_without_a_server(self) -> None:
        self.assertEqual([self.login("anna", 401).status for _ in range(4)], [0, 0, 0, 429])
        verdict = self.login("ANNA@example.com", 200)
        self.assertEqual((verdict.status, verdict.proof), (429, None))
        self.assertIn("basic_failures", verdict.limit)

    def test_other_users_other_places_and_other_schemes_are_not_braked(self) -> None:
        for _ in range(4):
            self.login("anna", 401)
        self.assertEqual((self.login("bert", 200).status, self.login("anna", 200, "192.0.2.1").status), (0, 0))
        ntlm = head("/ews", "a", "POST", "Authorization: NTLM TlRMTVNTUAAB")
        self.assertEqual([self.judge(ntlm) for _ in range(9)], [PASSES] * 9)

    def test_handshakes_of_ntlm_are_no_failures_and_neither_is_a_request_without_credentials(self) -> None:
        for request in (head("/ews", "a", "GET", "Authorization: Negotiate YII="), head("/ews")):
            self.assertIsNone(self.judge(request).proof)

    def test_two_authorizations_have_one_user_whoever_they_name(self) -> None:
        for number in range(3):
            lines = [f"Authorization: Basic {b64encode(f'{name}:x'.encode()).decode()}" for name in (f"u{number}", "anna")]
            verdict = self.judge(head("/ews", "a", "GET", *lines))
            assert verdict.proof is not None
            verdict.proof.end(401, self.now)
        self.assertEqual(self.judge(head("/ews", "a", "GET", *lines)).status, 429)

    def test_a_user_who_is_guessed_from_everywhere_is_slowed(self) -> None:
        for number in range(3 * WIDER):
            self.login("anna", 401, f"203.0.113.{number}")
        verdict = self.login("anna", 200, "192.0.2.99")
        self.assertEqual((verdict.status, verdict.hold), (0, SLOWED))

    def test_of_whom_is_guessed_from_everywhere_a_few_logins_go_on_at_a_time(self) -> None:
        for number in range(3 * WIDER):
            self.login("anna", 401, f"203.0.113.{number}")
        verdicts = [self.judge(basic("anna"), f"192.0.2.{number}") for number in range(SLOW_AT_ONCE + 1)]
        self.assertEqual([verdict.status for verdict in verdicts], [0] * SLOW_AT_ONCE + [429])

    def test_a_page_that_wants_no_password_makes_nobody_known(self) -> None:
        self.login("anna", 200, "192.0.2.99", "/ews/healthcheck.htm")
        for number in range(3 * WIDER):
            self.login("anna", 401, f"203.0.113.{number}")
        self.assertEqual(self.login("anna", -1, "192.0.2.99").hold, SLOWED)

    def test_a_login_that_was_one_does(self) -> None:
        self.login("bert", 401)
        self.login("anna", 200, "192.0.2.99")
        for number in range(3 * WIDER):
            self.login("anna", 401, f"203.0.113.{number}")
        self.assertEqual(self.login("anna", 200, "192.0.2.99").hold, 0.0)


class TarpitTests(GuardStage):
    def test_its_places_are_bounded(self) -> None:
        tarpit = Tarpit(60.0, 2)
        self.assertEqual([tarpit.enter() for _ in range(3)], [True, True, False])
        tarpit.leave()
        self.assertTrue(tarpit.enter())

    def test_who_finds_no_place_is_told_at_once(self) -> None:
        guard = self.guard()
        self.assertEqual(guard.unheld(Verdict(403, 60.0)), Verdict(403, 60.0))
        unheld = guard.unheld(Verdict(0, SLOWED))
        self.assertEqual((unheld.status, unheld.retry_after), (429, 5))

    def test_what_others_are_told_of(self) -> None:
        guard = self.guard(requests=Rates(1, 1.0), logins=Logins(1, 1.0, b"secret"))
        self.assertEqual(set(guard.shared()), {"http_req_rate", "pairs", "sources", "users", "known", "challenges"})
        self.assertEqual(self.guard().shared(), {})
