from twisted.trial.unittest import SynchronousTestCase

from exproxy.admin import cookies


class CookieTests(SynchronousTestCase):
    def test_two_ports_of_a_name_have_two_cookies(self) -> None:
        for authority, name in (
            ("localhost:7777", "exproxy-7777"),
            ("[::1]:7778", "exproxy-7778"),
            ("lb.example.com", "exproxy"),
            ("lb.example.com:x;y=1", "exproxy"),
            ("", "exproxy"),
        ):
            self.assertEqual(cookies.name(authority, secure=False), name)

    def test_over_tls_nobody_in_the_clear_can_put_one_in_its_place(self) -> None:
        name = cookies.name("lb.example.com:7777", secure=True)
        self.assertEqual(name, "__Host-exproxy-7777")
        self.assertEqual(
            cookies.given(name, "abc", secure=True), "__Host-exproxy-7777=abc; Path=/; HttpOnly; SameSite=Strict; Secure"
        )

    def test_in_the_clear_a_browser_would_not_send_a_secure_one_back(self) -> None:
        self.assertEqual(cookies.given("exproxy", "abc", secure=False), "exproxy=abc; Path=/; HttpOnly; SameSite=Strict")

    def test_a_mark_stays_when_the_browser_is_closed(self) -> None:
        name = cookies.mark_name("lb.example.com:7777", secure=True)
        self.assertEqual(name, "__Host-exproxy-known-7777")
        self.assertEqual(
            cookies.kept(name, "abc", secure=True),
            "__Host-exproxy-known-7777=abc; Path=/; HttpOnly; SameSite=Strict; Secure; Max-Age=15552000",
        )

    def test_one_is_taken_back_by_the_same_words(self) -> None:
        self.assertEqual(cookies.taken("exproxy", secure=False), "exproxy=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0")

    def test_what_cannot_be_ours_is_nothing(self) -> None:
        self.assertEqual((cookies.read(None), cookies.read(b"x" * 10_000), cookies.read(b"abc")), ("", "", "abc"))
