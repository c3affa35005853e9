"""AMP that keeps quiet."""

from twisted.internet.error import ConnectionDone
from twisted.logger import globalLogPublisher
from twisted.protocols import amp
from twisted.python.failure import Failure
from twisted.test.iosim import connectedServerAndClient
from twisted.trial.unittest import SynchronousTestCase

from exproxy.process.link import Link
from exproxy.process.messages import Ping


class Worker(Link):
    @Ping.responder
    def ping(self) -> dict[str, object]:
        return {}


class LinkTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.heard: list[dict[str, object]] = []
        globalLogPublisher.addObserver(self.heard.append)
        self.addCleanup(globalLogPublisher.removeObserver, self.heard.append)

    def heard_of_amp(self) -> list[str]:
        return [str(event["log_format"]) for event in self.heard if event["log_namespace"] == amp.__name__]

    def test_questions_are_answered_and_the_log_has_nothing_of_it(self) -> None:
        link, worker, pump = connectedServerAndClient(Worker, Link)
        answer = link.callRemote(Ping)
        pump.flush()
        self.assertEqual(self.successResultOf(answer), {})
        link.connectionLost(Failure(ConnectionDone()))
        worker.connectionLost(Failure(ConnectionDone()))
        self.assertEqual(self.heard_of_amp(), [])

    def test_what_is_not_answered_any_more_fails(self) -> None:
        link, _, _ = connectedServerAndClient(Worker, Link)
        answer = link.callRemote(Ping)
        link.connectionLost(Failure(ConnectionDone()))
        self.failureResultOf(answer, ConnectionDone)
        self.assertIsNone(link.transport)
