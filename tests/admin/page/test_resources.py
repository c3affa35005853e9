import re
from importlib.resources import files

from twisted.trial.unittest import SynchronousTestCase

from exproxy.admin.answers import RefusedError
from exproxy.admin.page.resources import Resources


class ResourcesTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.resources = Resources()

    def test_all_that_is_there_is_given_for_ever(self) -> None:
        for file in files("exproxy.admin.page").joinpath("static").iterdir():
            _, _, version, name = self.resources.address(file.name).split("/")
            answer = self.resources.answer(version, name)
            self.assertEqual(answer.body, file.read_bytes())
            self.assertIn(("Cache-Control", "private, max-age=31536000, immutable"), answer.headers)
            self.assertNotIn("html", answer.kind)

    def test_nothing_else_is(self) -> None:
        for name in ("nothing.js", "../routes.py", "", "__init__.py"):
            self.assertRaises(RefusedError, self.resources.answer, self.resources.version, name)
        self.assertRaises(RefusedError, self.resources.answer, "other", "page.css")
        self.assertRaises(KeyError, self.resources.address, "nothing.js")

    def test_no_address_elsewhere_is_in_them(self) -> None:
        """But for that of the library's author in its comment, and the names of XML."""
        for file in files("exproxy.admin.page").joinpath("static").iterdir():
            text = (
                file.read_text("utf-8").replace("https://github.com/leeoniya/uPlot", "").replace("http://www.w3.org/2000/svg", "")
            )
            self.assertNotIn("://", text, file.name)

    def test_the_library_comes_with_its_licence(self) -> None:
        answer = self.resources.answer(self.resources.version, "uPlot.LICENSE.txt")
        self.assertIn(b"The MIT License", answer.body)


class ColourTests(SynchronousTestCase):
    """WCAG 2.2, 1.4.3: 4.5 to 1 for text, on each ground that it stands on, by day and by night."""

    def setUp(self) -> None:
        text = files("exproxy.admin.page").joinpath("static", "page.css").read_text("utf-8")
        day, night = (
            dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6});", part)) for part in text.split("prefers-color-scheme: dark")[:2]
        )
        self.schemes = {"day": day, "night": night}

    def test_what_is_written_can_be_read(self) -> None:
        tones = ("good", "warn", "bad", "hand")
        pairs = [
            ("text", "card"),
            ("text", "back"),
            ("text", "head"),
            ("soft", "card"),
            ("soft", "back"),
            ("soft", "head"),
            ("link", "card"),
        ]
        pairs += [(tone, ground) for tone in tones for ground in ("card", "head", f"{tone}-back")]
        pairs += [(word, f"{tone}-back") for word in ("text", "soft", "link") for tone in ("warn", "bad", "hand")]
        poor = {
            (scheme, *pair): round(ratio, 2)
            for scheme, colours in self.schemes.items()
            for pair in pairs
            if (ratio := contrast(colours[pair[0]], colours[pair[1]])) < 4.5
        }
        self.assertEqual(poor, {})


def contrast(one: str, other: str) -> float:
    first, second = sorted((luminance(one), luminance(other)))
    return (second + 0.05) / (first + 0.05)


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    parts = [int(digits[start : start + 2], 16) / 255 for start in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
