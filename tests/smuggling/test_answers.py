"""What becomes of each answer, in memory; the same with real sockets and clients: ``tests/integration/test_cuts.py``."""

from http.client import HTTPException
from io import BytesIO

from exproxy.wire.web.forwarding import Forwarding
from tests.net.memory import Recorder
from tests.proxy.web.webstage import OK, WebStage
from tests.smuggling.answers import ANSWERS, POISON, Answer, End, Outcome, read

NEXT = b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n"


class AnswerTests(WebStage):
    maxDiff = None

    def setUp(self) -> None:
        super().setUp()
        self.serve(forwarding=Forwarding(tell=frozenset()))

    def test_there_are_hundreds(self) -> None:
        self.assertGreater(len(ANSWERS), 300)

    def test_each_is_what_the_table_says(self) -> None:
        wrong = {name: complaint for name, answer in ANSWERS.items() if (complaint := self.complaint(answer))}
        self.assertEqual(wrong, {})

    def complaint(self, answer: Answer) -> str:
        """What is wrong with what the client gets, and with what it gets for its next request."""
        before = len(self.servers["one"].sessions)
        client = self.asks(answer.asked)
        [session] = self.servers["one"].sessions[before:]
        for part in answer.parts:
            session.stream.write(part)
            self.settle()
        if answer.end is End.CLOSES:
            session.stream.close()
        elif answer.end is End.RESETS:
            session.stream.abort()
        self.settle()
        what = told(client, answer) or self.behind(client, answer, before)
        client.stream.close()
        self.settle()
        if client.stream.received and POISON in client.data:
            what += f"; poison: {bytes(client.data)!r}"
        return what

    def behind(self, client: Recorder, answer: Answer, before: int) -> str:
        """What is wrong when it asks again."""
        ended = client.eof or client.lost
        if answer.kept is not None and answer.kept is ended:
            return f"its connection is {'closed' if ended else 'kept'}"
        if ended or answer.asked.startswith(b"POST"):
            return ""
        had = len(client.data)
        self.send(client, NEXT)
        for session in self.servers["one"].sessions[before:]:
            if bytes(session.data).endswith(NEXT) and not session.lost:
                session.stream.write(OK)
                self.settle()
        return "" if bytes(client.data[had:]).endswith(OK[-2:]) else f"the next answer is {bytes(client.data[had:])!r}"


def told(client: Recorder, answer: Answer) -> str:
    """What is wrong with what the client got."""
    data = bytes(client.data)
    shown = data[-400:]
    try:
        status, body = read(BytesIO(data), answer.method)
    except HTTPException as error:
        if answer.outcome is not Outcome.CUT:
            return f"{error!r}: {shown!r}"
        return "" if client.eof or client.error else f"its connection is still open: {shown!r}"
    if answer.outcome is Outcome.CUT:
        return "" if client.error is not None and status == answer.status else f"it took this for whole: {shown!r}"
    if status != answer.status or (answer.outcome is Outcome.WHOLE and body != answer.body):
        return f"{status} {body!r}"
    if answer.outcome is Outcome.BAD and not client.eof:
        return "its connection is open"
    return ""
