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
