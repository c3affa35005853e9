"""What an answer means.  (Real ones: tests/integration/test_notify.py.)"""

from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import ConnectionLost
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.client import ResponseFailed
from twisted.web.http_headers import Headers

from exproxy.notify.channel import DeliveryError
from exproxy.notify.webhook import QUOTED, Webhook, trust
from tests.net.tlspeer import authority
from tests.notify.stories import message


class FakeResponse:
    def __init__(self, code: int, **headers: str) -> None:
        self.code = code
        self.headers = Headers({name: [value] for name, value in headers.items()})
        self.transport = StringTransport()
        self.reader: Any = None

    def deliverBody(self, protocol: Any) -> None:
        self.reader = protocol
        protocol.makeConnection(self.transport)


class FakeAgent:
    def __init__(self) -> None:
        self.answer: Deferred[Any] = Deferred()

    def request(self, method: bytes, url: bytes, headers: Headers, body: Any) -> "Deferred[Any]":
        self.sent = StringTransport()
        body.startProducing(self.sent)
        body.pauseProducing()
        body.resumeProducing()
        body.stopProducing()
        self.asked = method, url, dict(headers.getAllRawHeaders()), body.length
        return self.answer


class WebhookTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.webhook = Webhook(Clock(), "https://chat.example.com/x", {"X-Token": "t"}, b"", "exproxy/1")
        self.agent = FakeAgent()
        self.webhook._agent = self.agent

    def deliver(self, answer: "Deferred[Any]") -> "Deferred[None]":
        self.agent.answer = answer
        return self.webhook.deliver(message())

    def refusal(self, answer: "Deferred[Any]") -> DeliveryError:
        error = self.failureResultOf(self.deliver(answer), DeliveryError).value
        assert isinstance(error, DeliveryError)
        return error

    def test_json_is_posted(self) -> None:
        self.deliver(succeed(FakeResponse(204)))
        method, url, headers, length = self.agent.asked
        self.assertEqual((method, url, headers[b"X-Token"]), (b"POST", b"https://chat.example.com/x", [b"t"]))
        self.assertEqual((self.agent.sent.value(), length), (message().json(), len(message().json())))

    def test_every_200_is_taken_whatever_else_it_says(self) -> None:
        response = FakeResponse(202)
        self.assertIsNone(self.successResultOf(self.deliver(succeed(response))))
        self.assertTrue(response.transport.disconnecting)

    def test_a_refusal_is_told_with_its_words(self) -> None:
        response = FakeResponse(400)
        delivery = self.deliver(succeed(response))
        self.assertNoResult(delivery)
        response.reader.dataReceived(b"invalid\r\n")
        response.reader.dataReceived(b"payload")
        response.reader.connectionLost(Failure(ConnectionLost()))
        error = self.failureResultOf(delivery, DeliveryError).value
        self.assertEqual((str(error), error.final), ("it said 400 invalid payload", True))

    def test_only_the_begin_of_an_answer_is_read(self) -> None:
        response = FakeResponse(500)
        delivery = self.deliver(succeed(response))
        response.reader.dataReceived(b"x" * 100_000)
        response.reader.connectionLost()
        error = self.failureResultOf(delivery, DeliveryError).value
        self.assertEqual(
            (len(str(error)), error.final, response.transport.disconnecting), (len("it said 500 ") + QUOTED, False, True)
        )

    def test_what_may_pass_is_tried_again(self) -> None:
        finals = {}
        for code in (404, 408, 429, 500, 503):
            response = FakeResponse(code)
            delivery = self.deliver(succeed(response))
            response.reader.connectionLost()
            finals[code] = self.failureResultOf(delivery, DeliveryError).value.final
        self.assertEqual(finals, {404: True, 408: False, 429: False, 500: False, 503: False})

    def test_a_redirection_is_not_followed(self) -> None:
        error = self.refusal(succeed(FakeResponse(307, location="https://elsewhere.example/")))
        self.assertEqual(
            (str(error), error.final),
            ("it said 307 and sends us to https://elsewhere.example/: write that into notify.webhook", True),
        )

    def test_why_there_was_no_answer_is_told(self) -> None:
        reasons = [Failure(ConnectionLost("cut")), Failure(ValueError("bad"))]
        self.assertEqual(
            str(self.refusal(fail(ResponseFailed(reasons)))),
            "Connection to the other side was lost in a non-clean fashion: cut.; bad",
        )
        self.assertFalse(self.refusal(fail(ConnectionLost())).final)

    def test_when_nobody_waits_any_more_an_answer_is_not_read(self) -> None:
        response = FakeResponse(500)
        delivery = self.deliver(succeed(response))
        delivery.cancel()
        self.failureResultOf(delivery)
        self.assertTrue(response.transport.disconnecting)
        response.reader.connectionLost()


class TrustTests(SynchronousTestCase):
    def test_authorities_are_certificates_in_pem(self) -> None:
        pem = authority().cert_pem.bytes()
        self.assertIsNotNone(trust(b"# ours\n" + pem + pem))
        for wrong in (b"", b"hello", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"):
            self.assertRaises(ValueError, trust, wrong)
