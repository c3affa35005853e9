import json

from twisted.trial.unittest import SynchronousTestCase

from exproxy.admin.answers import RefusedError, text, told
from exproxy.admin.views import WorkerView


class AnswerTests(SynchronousTestCase):
    def test_views_and_tables_are_json(self) -> None:
        self.assertEqual(json.loads(told([WorkerView("a", 1, True)]).body), [{"name": "a", "pid": 1, "serving": True}])
        self.assertEqual(told({"ended": 3}).body, b'{"ended":3}\n')

    def test_a_refusal_says_why_and_what_was_meant(self) -> None:
        answer = RefusedError(404, 'there is no host "ä"', (("A", "b"),), "a").answer()
        self.assertEqual((answer.status, answer.headers), (404, (("A", "b"),)))
        self.assertEqual(json.loads(answer.body), {"error": 'there is no host "ä"', "nearest": "a"})

    def test_what_is_no_text_is_told_all_the_same(self) -> None:
        self.assertEqual(json.loads(told({"file": "m\udce4il.pem"}).body), {"file": "m\udce4il.pem"})

    def test_text_is_text(self) -> None:
        self.assertEqual((text("ready\n", 503).status, text("x").kind), (503, "text/plain; charset=utf-8"))
