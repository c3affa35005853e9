from twisted.trial.unittest import SynchronousTestCase

from exproxy.pool.agent import AgentAnswer


class AgentAnswerTests(SynchronousTestCase):
    def test_says_nothing_by_default(self) -> None:
        answer = AgentAnswer()
        self.assertEqual((answer.weight, answer.maxconn, answer.up, answer.admin), (None, None, None, None))

    def test_a_weight_is_a_percentage(self) -> None:
        self.assertEqual(AgentAnswer(weight=0).weight, 0)
        for weight in (-1, 101):
            self.assertRaisesRegex(ValueError, "0 to 100 percent", AgentAnswer, weight=weight)

    def test_a_maxconn_of_nothing_is_refused(self) -> None:
        self.assertRaises(ValueError, AgentAnswer, maxconn=0)
