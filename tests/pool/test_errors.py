from twisted.trial.unittest import SynchronousTestCase

from exproxy.pool.errors import NoServer, QueueFull


class ErrorTests(SynchronousTestCase):
    def test_a_full_queue_is_a_way_of_having_no_server(self) -> None:
        self.assertIsInstance(QueueFull("10 sessions wait already"), NoServer)
