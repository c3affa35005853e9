from html.parser import HTMLParser

from twisted.trial.unittest import SynchronousTestCase

from exproxy.admin import plainpages


class Seen(HTMLParser):
    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.fields: dict[str | None, dict[str, str | None]] = {}
        self.labels: list[str | None] = []
        self.attributes: set[str] = set()
        self.tags: set[str] = set()
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attributes)
        said = dict(attributes)
        if tag == "input":
            self.fields[said["name"]] = said
        elif tag == "label":
            self.labels.append(said["for"])


class PageTests(SynchronousTestCase):
    def test_the_login_is_a_form_that_password_managers_and_readers_know(self) -> None:
        seen = Seen(plainpages.login("/hosts"))
        self.assertEqual(seen.fields["user"]["autocomplete"], "username")
        self.assertEqual(
            (seen.fields["password"]["type"], seen.fields["password"]["autocomplete"]), ("password", "current-password")
        )
        self.assertEqual(seen.fields["next"]["value"], "/hosts")
        self.assertEqual(seen.labels, ["user", "password"])
        self.assertIn("autofocus", seen.fields["user"])

    def test_nothing_stands_in_the_page_that_its_policy_forbids(self) -> None:
        for page in (plainpages.login("/"), plainpages.refused(404, "no").body):
            seen = Seen(page)
            self.assertEqual({"script", "style"} & seen.tags, set())
            self.assertEqual({name for name in seen.attributes if name.startswith("on") or name == "style"}, set())

    def test_what_others_wrote_is_text(self) -> None:
        evil = '"><script>alert(1)</script>'
        for page in (plainpages.login(evil, evil, evil), plainpages.refused(404, evil).body):
            self.assertNotIn("script", Seen(page).tags)

    def test_who_is_asked_again_need_not_write_the_name_again(self) -> None:
        seen = Seen(plainpages.login("/", "wrong", "anna"))
        self.assertEqual(seen.fields["user"]["value"], "anna")
        self.assertIn("autofocus", seen.fields["password"])

    def test_the_password_is_never_repeated(self) -> None:
        self.assertNotIn("value", Seen(plainpages.login("/", "wrong", "anna")).fields["password"])

    def test_there_is_a_style(self) -> None:
        answer = plainpages.style()
        self.assertEqual((answer.status, answer.kind), (200, "text/css; charset=utf-8"))
        self.assertIn(b":focus-visible", answer.body)
