"""[notify]: ways on which people are told, and what is wrong with them."""

from exproxy.config.model import CommandNotice, MailNotice, Notify, Rate, WebhookNotice
from exproxy.config.show import show
from tests.config.support import ConfigTestCase


class NotifyTests(ConfigTestCase):
    def notify(self, text: str) -> Notify:
        found = self.load(f"[notify]\n{text}\n").notify
        assert found is not None
        return found

    def wrong(self, text: str) -> list[str]:
        return [problem.partition(": notify")[2] for problem in self.problems(f"[notify]\n{text}\n")]

    def warned(self, text: str) -> str:
        """What is doubted of this table."""
        warnings = self.load(f"[notify]\n{text}\n").warnings
        return "\n".join(str(warning) for warning in warnings if warning.key_path.startswith("notify"))

    def test_without_it_nobody_is_told(self) -> None:
        self.assertIsNone(self.load("").notify)

    def test_a_url_is_enough(self) -> None:
        found = self.notify('webhook = "https://chat.example.com/x"')
        self.assertEqual(found, Notify(webhook=WebhookNotice("https://chat.example.com/x")))
        self.assertEqual((found.window, found.limit), (60.0, Rate(20, 600.0)))

    def test_all_of_it(self) -> None:
        (self.folder / "token").write_text("Bearer s3cret\n")
        (self.folder / "ca.pem").write_text("")
        found = self.notify(
            'on = ["server", "warning"]\nwindow = "2m"\nlimit = "5/1h"\n'
            'webhook = { url = "https://a.example/x", headers = { Authorization = { file = "token" } }, ca = "ca.pem" }\n'
            'smtp = { server = "mx.example.com", sender = "a@b.example", to = ["c@d.example", "e@f.example"], tls = "implicit", '
            'user = "u", password = "p" }\n'
            'command = ["sh", "-c", "true"]\ncommand_timeout = "5s"'
        )
        self.assertEqual((found.on, found.window, found.limit), (("server", "warning"), 120.0, Rate(5, 3600.0)))
        headers = (("Authorization", "Bearer s3cret"),)
        self.assertEqual(found.webhook, WebhookNotice("https://a.example/x", headers, self.folder / "ca.pem"))
        to = ("c@d.example", "e@f.example")
        self.assertEqual(found.smtp, MailNotice("mx.example.com", 465, "a@b.example", to, "implicit", None, "u", "p"))
        self.assertEqual(found.command, CommandNotice(("sh", "-c", "true"), 5.0))

    def test_what_is_shown_is_read_again_and_has_no_secrets(self) -> None:
        (self.folder / "token").write_text("Bearer s3cret\n")
        smtp = 'smtp = { server = "mx.example.com:2525", sender = "a@b.example", to = "c@d.example" }'
        text = f'webhook = {{ url = "https://a.example/x", headers = {{ Authorization = {{ file = "token" }} }} }}\n{smtp}'
        before = self.load(f"[notify]\n{text}\ncommand = 'sh'\n")
        shown = show(before)
        self.assertNotIn("s3cret", shown)
        self.assertNotIn("s3cret", repr(before))
        self.assertEqual(self.load(shown).notify, before.notify)

    def test_a_program_beside_the_file_is_found(self) -> None:
        (self.folder / "tell").write_text("")
        found = self.notify('command = "./tell"').command
        assert found is not None
        self.assertEqual(found.arguments, (str(self.folder / "tell"),))

    def test_one_that_is_not_there_is_a_warning(self) -> None:
        for text, words in (
            ("./tell", "there is no file"),
            ("no-such-program", 'there is no program "no-such-program" in the path'),
        ):
            self.assertIn(words, self.warned(f'command = "{text}"'))

    def test_no_way_at_all_is_a_mistake(self) -> None:
        (problem,) = self.wrong("")
        self.assertIn("it does not say how anybody is told", problem)

    def test_what_is_no_url_is_told(self) -> None:
        for url in (
            "chat.example.com",
            "ftp://a.example/",
            "https://",
            "https://a.example:port/",
            "https://a b.example/",
            "http://ä.example/",
        ):
            (problem,) = self.wrong(f'webhook = "{url}"')
            self.assertIn(".webhook: it is no URL such as", problem)

    def test_a_password_in_a_url_is_refused(self) -> None:
        (problem,) = self.wrong('webhook = "https://anna:secret@a.example/"')
        self.assertIn("names and passwords in a URL are not sent", problem)
        self.assertNotIn("anna", problem)

    def test_without_tls_there_is_a_warning_but_not_on_loopback(self) -> None:
        self.assertIn("without TLS", self.warned('webhook = "http://a.example/"'))
        for host in ("127.0.0.1", "localhost", "[::1]"):
            self.assertEqual(self.warned(f'webhook = "http://{host}:80/"'), "")

    def test_headers_cannot_begin_new_ones(self) -> None:
        for header in ('"X: y" = "z"', '"X" = "a\\r\\nY: b"', '"X" = "\\u20ac"'):
            (problem,) = self.wrong(f'webhook = {{ url = "https://a.example/", headers = {{ {header} }} }}')
            self.assertIn("this cannot stand in a header", problem)

    def test_addresses_that_no_envelope_can_hold_are_told(self) -> None:
        for sender, to in (("anna", '"a@b.c"'), ("a@b.c", '"x@y.z> BODY=8BITMIME"'), ("a@b.c", '["a@b.c", "\\r\\nQUIT@x"]')):
            (problem,) = self.wrong(f'smtp = {{ server = "mx", sender = "{sender}", to = {to} }}')
            self.assertIn("is no mail address such as", problem)
        (problem,) = self.wrong('smtp = { server = "mx", sender = "a@b.c", to = [] }')
        self.assertIn("nobody is to get it", problem)

    def test_a_password_goes_only_over_tls(self) -> None:
        where = 'sender = "a@b.c", to = "a@b.c", user = "u"'
        (problem,) = self.wrong(f'smtp = {{ server = "mx", {where}, password = "p" }}')
        self.assertIn("without TLS the password can be read on the way", problem)
        (problem,) = self.wrong(f'smtp = {{ server = "mx", {where}, tls = "starttls" }}')
        self.assertIn("user and password belong together", problem)
        self.notify(f'smtp = {{ server = "127.0.0.1", {where}, password = "p" }}')

    def test_words_and_times_are_checked(self) -> None:
        for text, words in (
            ('on = "everything"', "is not known here"),
            ('window = "0s"', "has to be more than 0"),
            ('limit = "0/1m"', "allows nothing at all"),
            ('limit = "99999999999999999999/1m"', "10000 are the most"),
            ("command_timeout = 3", "a duration needs a unit"),
            ('webhok = "x"', "there is no such key; did you mean"),
        ):
            problems = self.wrong(f'{text}\nwebhook = "https://a.example/"')
            self.assertEqual((len(problems), words in problems[0]), (1, True), problems)
