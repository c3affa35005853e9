"""Whether a request that is to change something is meant."""

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from exproxy.admin.answers import JSON, Asked, RefusedError
from exproxy.admin.callers import Caller
from exproxy.admin.forms import FORM
from exproxy.admin.intent import check, check_listener

PAGE = Caller("anna", "operator", token="right")
PROGRAM = Caller("anna", "operator")


class IntentTests(SynchronousTestCase):
    def refusal(self, caller: Caller, method: str = "POST", **rest: Any) -> RefusedError | None:
        asked = Asked(method, (), **{"authority": "lb.example:7777", "kind": JSON, **rest})
        try:
            check(asked, caller)
        except RefusedError as error:
            return error
        return None

    def assertMeant(self, caller: Caller, **rest: Any) -> None:
        self.assertIsNone(self.refusal(caller, **rest))

    def assertRefused(self, status: int, words: str, caller: Caller, **rest: Any) -> None:
        refusal = self.refusal(caller, **rest)
        assert refusal is not None
        self.assertEqual(refusal.status, status)
        self.assertIn(words, str(refusal))

    def test_to_look_nothing_is_needed(self) -> None:
        for method in ("GET", "HEAD"):
            self.assertMeant(PAGE, method=method, site="cross-site", origin="https://evil.example")

    def test_pages_of_others_may_not_listen(self) -> None:
        for site in ("cross-site", "same-site"):
            error = self.assertRaises(RefusedError, check_listener, Asked("GET", (), site=site))
            self.assertEqual(error.status, 403)
        for site in ("", "none", "same-origin"):
            check_listener(Asked("GET", (), site=site))

    def test_at_the_socket_nothing_is_needed(self) -> None:
        self.assertMeant(Caller("uid 0 at the socket", "operator"), user="uid 0 at the socket", kind="text/plain")

    def test_a_page_brings_its_token_in_a_line_or_in_the_form(self) -> None:
        self.assertMeant(PAGE, token="right")
        self.assertMeant(PAGE, kind=FORM, body=b"csrf=right")

    def test_without_a_token_or_with_another_it_is_refused(self) -> None:
        self.assertRefused(403, "there is no CSRF token", PAGE)
        self.assertRefused(403, "there is no CSRF token", PAGE, body=b'{"csrf": "right"}')
        self.assertRefused(403, "not that of this login", PAGE, token="wrong")
        self.assertRefused(403, "not that of this login", PAGE, token="\xff")
        self.assertRefused(403, "not that of this login", PAGE, kind=FORM, body=b"csrf=wrong")

    def test_what_another_site_sends_is_refused_with_or_without_a_token(self) -> None:
        for site in ("cross-site", "same-site", "nonsense"):
            self.assertRefused(403, "a page of another site", PAGE, token="right", site=site)
        for origin in ("https://evil.example", "null", "http://lb.example", "http://lb.example:7778", ""):
            self.assertRefused(403, "nothing is done", PAGE, token="right", origin=origin)
        self.assertRefused(403, "nothing is done", Caller("nobody", "viewer", anonymous=True), kind=FORM, origin="null")

    def test_our_own_pages_are_not(self) -> None:
        for origin in ("https://lb.example:7777", "http://LB.example:7777"):
            self.assertMeant(PAGE, token="right", origin=origin, site="same-origin")

    def test_who_logs_in_with_each_request_sends_json_which_no_form_can(self) -> None:
        self.assertMeant(PROGRAM)
        for kind in (FORM, "text/plain", "multipart/form-data", ""):
            self.assertRefused(415, "send Content-Type: application/json", PROGRAM, kind=kind)
