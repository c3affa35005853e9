from exproxy.admin.callers import Caller
from exproxy.admin.page.flattening import flat
from exproxy.admin.page.questionpage import question_page
from exproxy.admin.page.questions import Question
from tests.admin.page.stage import HOSTILE, PageStage, read

QUESTION = Question("Weight", "/servers/web/ex1/weight", "/servers/web/ex1", [HOSTILE], "Look out", "Set it", "7")


class QuestionPageTests(PageStage):
    def test_it_is_a_form_that_needs_no_script(self) -> None:
        page = read(flat(question_page(QUESTION, Caller("anna", "operator"))))
        self.assertEqual(len(page.all("form", method="post", action="/servers/web/ex1/weight", id="question")), 1)
        self.assertEqual(len(page.all("input", name="weight", value="7", min="0", max="256")), 1)
        self.assertEqual(page.all("input", name="csrf"), [])
        self.assertEqual([link["href"] for link in page.all("a")], ["/servers/web/ex1"])
        self.assertIn("Look out", page.text)
        self.assertEqual(page.all("script"), [])

    def test_it_brings_the_token_of_the_login(self) -> None:
        page = read(flat(question_page(QUESTION, Caller("anna", "operator", token="t0ken"))))
        self.assertEqual(len(page.all("input", type="hidden", name="csrf", value="t0ken")), 1)

    def test_it_says_why_it_is_asked_again(self) -> None:
        page = read(flat(question_page(QUESTION, Caller("anna", "operator"), "No: <b>")))
        self.assertIn("No: <b>", page.text)
        self.assertEqual(len(page.all("p", role="alert")), 1)
