"""Logging in and out, as a page and in the API."""

import json
from typing import Any
from urllib.parse import urlencode

from exproxy.admin.answers import Answer
from exproxy.admin.attempts import EACH
from exproxy.admin.forms import FORM
from exproxy.pool import Admin
from tests.admin.stage import AdminStage

HOST = "lb.example:7777"


class EntranceStage(AdminStage):
    """A browser at an application with the users anna, an operator, and otto, a viewer."""

    def setUp(self) -> None:
        super().setUp()
        self.who = self.logins(anna="operator", otto="viewer")
        self.site = self.application(self.who)
        self.session = ""

    def send(self, method: str, path: str, **rest: Any) -> Answer:
        values = {"user": None, "authority": HOST, "host": "lb.example", "page": True, "session": self.session}
        answer = self.ask(self.site, method, path, **(values | {"address": "192.0.2.1"} | rest))
        for name, value in answer.headers:
            if name == "Set-Cookie" and "-known" not in value:
                self.cookie = value
                self.session = value.partition("=")[2].partition(";")[0]
        return answer

    def form(self, path: str, **fields: str) -> Answer:
        return self.send("POST", path, kind=FORM, body=urlencode(fields).encode(), origin=f"http://{HOST}")

    def log_in(self, user: str = "anna", password: str = "secret", **rest: str) -> Answer:
        return self.form("/login", user=user, password=password, **rest)

    def token(self) -> str:
        return str(json.loads(self.send("GET", "/api/v1/whoami", page=False).body)["csrf"])

    def led(self, answer: Answer) -> str:
        self.assertEqual(answer.status, 303, answer.body)
        return dict(answer.headers)["Location"]


class PageTests(EntranceStage):
    def test_who_is_not_logged_in_is_led_to_the_form_and_back(self) -> None:
        self.assertEqual(self.led(self.send("GET", "/metrics")), "/login?next=/metrics")
        form = self.send("GET", "/login", query={"next": "/metrics"})
        self.assertEqual((form.status, form.kind), (200, "text/html; charset=utf-8"))
        self.assertIn(b'value="/metrics"', form.body)
        self.assertEqual(self.led(self.log_in(next="/metrics")), "/metrics")
        self.assertEqual(self.send("GET", "/metrics").status, 200)

    def test_nobody_is_led_elsewhere(self) -> None:
        for wanted in (
            "//evil.example",
            "/\\evil.example",
            "https://evil.example/",
            "evil",
            "/x\r\nSet-Cookie: a",
            "/" * 2000,
            "",
        ):
            self.assertEqual(self.led(self.log_in(next=wanted)), "/", wanted)

    def test_a_wrong_password_shows_the_form_again_and_says_why(self) -> None:
        answer = self.log_in(password="wrong")
        self.assertEqual(answer.status, 401)
        self.assertIn(b"there is no such user, or the password is another one", answer.body)
        self.assertIn(b'value="anna"', answer.body)
        self.assertNotIn(b"wrong", answer.body)
        self.assertNotIn("Basic", dict(answer.headers)["WWW-Authenticate"])
        self.assertEqual(self.session, "")

    def test_too_many_wrong_ones_are_told_for_how_long_to_wait(self) -> None:
        for _ in range(EACH):
            self.assertEqual(self.log_in(password="wrong").status, 401)
        answer = self.log_in()
        self.assertEqual((answer.status, dict(answer.headers)["Retry-After"]), (429, "61"))
        self.assertIn(b"too many logins have failed: wait 61 s, then try again", answer.body)
        self.clock.advance(61)
        self.assertEqual(self.log_in().status, 303)

    def test_the_name_of_a_stay_is_a_new_one_at_each_login(self) -> None:
        self.session = "brought-along"
        self.log_in()
        first = self.session
        self.log_in()
        self.assertEqual(len({"brought-along", first, self.session}), 3)

    def test_who_is_logged_in_need_not_again(self) -> None:
        self.log_in()
        self.assertEqual(self.led(self.send("GET", "/login", query={"next": "/metrics"})), "/metrics")

    def test_to_log_out_ends_the_stay_and_takes_the_cookie(self) -> None:
        self.log_in()
        before, token = self.session, self.token()
        self.assertEqual(self.led(self.form("/logout", csrf=token)), "/login")
        self.assertIn("Max-Age=0", self.cookie)
        self.session = before
        self.assertEqual(self.send("GET", "/api/v1/status", page=False).status, 401)

    def test_nobody_else_can_log_one_out(self) -> None:
        self.log_in()
        self.assertEqual(self.form("/logout").status, 403)
        self.assertEqual(self.form("/logout", csrf="x").status, 403)
        self.assertEqual(self.send("GET", "/logout").status, 405)
        self.assertEqual(self.send("GET", "/api/v1/status", page=False).status, 200)

    def test_another_site_cannot_log_one_in(self) -> None:
        body = urlencode({"user": "otto", "password": "secret"}).encode()
        for said in ({"origin": "https://evil.example"}, {"origin": "null"}, {"site": "cross-site"}):
            self.assertEqual(self.send("POST", "/login", kind=FORM, body=body, **said).status, 403)
        self.assertEqual(self.session, "")

    def test_over_tls_the_cookie_stays_there(self) -> None:
        body = urlencode({"user": "anna", "password": "secret"}).encode()
        self.send("POST", "/login", kind=FORM, body=body, secure=True)
        self.assertTrue(self.cookie.startswith("__Host-exproxy-7777="))
        self.assertTrue(self.cookie.endswith("; Secure"))

    def test_without_users_there_is_nothing_to_log_in_for(self) -> None:
        self.site = self.application()
        self.assertEqual(self.led(self.send("GET", "/login")), "/")
        self.assertEqual(self.log_in().status, 401)

    def test_the_style_is_for_everybody(self) -> None:
        self.assertEqual(self.send("GET", "/plain.css").status, 200)

    def test_login_and_logout_are_in_the_log(self) -> None:
        heard = self.hear()
        self.log_in()
        self.form("/logout", csrf=self.token())
        self.log_in(password="hunter2")
        self.assertEqual(
            heard,
            ["audit: anna logged in from 192.0.2.1", "audit: anna logged out", "audit: a login from 192.0.2.1 failed"],
        )


class SessionTests(EntranceStage):
    """What the cookie is good for."""

    def order(self, **rest: Any) -> Answer:
        return self.send("PUT", "/api/v1/hosts/ex1/state", order={"state": "drain"}, page=False, **rest)

    def test_who_looks_needs_the_cookie_and_who_acts_the_token_too(self) -> None:
        self.log_in()
        self.assertEqual(self.send("GET", "/api/v1/status", page=False).status, 200)
        self.assertEqual(self.order().status, 403)
        self.assertEqual(self.order(token="x").status, 403)
        self.assertEqual(self.server("web/ex1").admin, Admin.READY)
        self.assertEqual(self.order(token=self.token()).status, 200)
        self.assertEqual(self.server("web/ex1").admin, Admin.DRAIN)

    def test_the_token_of_another_stay_is_none(self) -> None:
        self.log_in()
        other = self.token()
        self.log_in()
        self.assertEqual(self.order(token=other).status, 403)

    def test_a_viewer_may_look_and_no_more(self) -> None:
        self.log_in("otto")
        answer = self.order(token=self.token())
        self.assertEqual(answer.status, 403)
        self.assertIn(b"otto may look and not change anything", answer.body)

    def test_a_browser_is_not_told_to_ask_for_a_password_itself(self) -> None:
        self.session = "over"
        answer = self.send("GET", "/api/v1/status", page=False)
        self.assertEqual(answer.status, 401)
        self.assertTrue(dict(answer.headers)["WWW-Authenticate"].startswith("Cookie "))
        self.assertIn(b"you are not logged in any more", answer.body)
        self.session = ""
        self.assertIn("Basic", dict(self.send("GET", "/api/v1/status", page=False).headers)["WWW-Authenticate"])

    def test_a_browser_reads_in_a_page_why_not(self) -> None:
        self.log_in()
        answer = self.send("GET", "/nothing")
        self.assertEqual((answer.status, answer.kind), (404, "text/html; charset=utf-8"))
        self.assertIn(b"there is nothing at &quot;/nothing&quot;", answer.body)


class ApiTests(EntranceStage):
    def test_a_program_can_have_a_stay_too(self) -> None:
        answer = self.send("POST", "/api/v1/login", order={"user": "anna", "password": "secret"}, page=False)
        said = json.loads(answer.body)
        self.assertEqual((answer.status, said["user"], said["role"], said["anonymous"]), (200, "anna", "operator", False))
        self.assertEqual(said["csrf"], self.token())
        answer = self.send("POST", "/api/v1/logout", order={}, page=False, token=said["csrf"])
        self.assertEqual(json.loads(answer.body), {"logged_out": True})
        self.assertEqual(self.send("GET", "/api/v1/whoami", page=False).status, 401)

    def test_names_and_passwords_are_strings(self) -> None:
        answer = self.send("POST", "/api/v1/login", order={"user": 1, "password": "secret"}, page=False)
        self.assertEqual(answer.status, 422)

    def test_without_users_one_learns_that_it_is_nobody(self) -> None:
        self.site = self.application()
        said = json.loads(self.send("GET", "/api/v1/whoami", page=False, host="localhost").body)
        self.assertEqual(said, {"user": "nobody", "role": "viewer", "anonymous": True, "csrf": ""})
