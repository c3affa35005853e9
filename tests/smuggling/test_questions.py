"""What becomes of each request, in memory; the same with real servers: ``tests/integration/test_smuggling.py``."""

from collections.abc import Callable, Iterator

from exproxy.wire.web.forwarding import Forwarding
from tests.integration.verdicts import FILE, ours
from tests.net.memory import Recorder
from tests.proxy.web.webstage import OK, WebStage
from tests.smuggling.questions import CANARY, NEXT, QUESTIONS, Question

TOLD_NOTHING = Forwarding(tell=frozenset())


class QuestionTests(WebStage):
    maxDiff = None

    def setUp(self) -> None:
        super().setUp()
        self.serve(forwarding=TOLD_NOTHING)
        self.number = 0

    def test_there_are_hundreds(self) -> None:
        self.assertGreater(len(QUESTIONS), 900)

    def test_what_is_refused_has_a_canary_that_a_lenient_reader_would_serve(self) -> None:
        refused = [question for question in QUESTIONS.values() if not question.reach and question.status in {400, 501, 505}]
        self.assertGreater(sum(CANARY in question.said for question in refused), 0.97 * len(refused))

    def test_what_nginx_and_haproxy_say_is_written_down_for_each(self) -> None:
        """``python -m tests.integration.verdicts`` asks them again."""
        rows = [row.split("\t") for row in FILE.read_text().splitlines()[1:]]
        expected = {name.encode("unicode_escape").decode(): ours(question) for name, question in QUESTIONS.items()}
        self.assertEqual({row[0]: row[1] for row in rows}, expected)
        self.assertEqual({len(row) for row in rows}, {4})

    def test_each_in_one_piece(self) -> None:
        self.all_as_they_should(lambda said: [[said + NEXT]])

    def test_each_in_two_pieces(self) -> None:
        self.all_as_they_should(lambda said: [[said[:cut], said[cut:] + NEXT] for cut in (1, len(said) // 2, len(said) - 1)])

    def test_each_octet_by_octet(self) -> None:
        self.all_as_they_should(lambda said: [[bytes((octet,)) for octet in said + NEXT]] if len(said) < 300 else [])

    def all_as_they_should(self, cut: Callable[[bytes], list[list[bytes]]]) -> None:
        wrong = {
            name: complaint
            for name, question in QUESTIONS.items()
            for pieces in cut(question.said)
            if (complaint := self.hear(question, pieces))
        }
        self.assertEqual(wrong, {})

    def hear(self, question: Question, pieces: list[bytes]) -> str:
        """What is wrong when a client says it, and a server answers all that it should be asked."""
        behind = () if question.status or question.closes else (NEXT,)
        expected = [*question.reach, *behind]
        waited = iter(expected)
        awaited = [next(waited, b"")]

        def answer(data: bytes) -> bytes | None:
            if data != awaited[0] or not question.whole:
                return None
            awaited[0] = next(waited, b"")
            return OK if not data.startswith(b"HEAD ") else OK[:-2]

        peer = self.servers["one"]
        peer.answer = answer
        before = len(peer.sessions)
        client = self.asks(*pieces)
        reached = b"".join(bytes(session.data) for session in peer.sessions[before:])
        ended = client.eof
        client.stream.close()
        self.settle()
        if expected and reached != b"".join(expected):
            return f"the server got {reached!r}"
        if not expected and CANARY in reached.partition(b"\r\n\r\n")[0]:
            return f"the server got the canary: {reached!r}"
        told = [200] * len(expected) * question.whole + [question.status] * bool(question.status)
        if told != list(statuses(client)):
            return f"the client was told {list(statuses(client))}"
        if ended != bool(question.status or (question.closes and question.whole)):
            return f"its connection is {'closed' if ended else 'open'}"
        return ""


def statuses(client: Recorder) -> Iterator[int]:
    """Of the answers that ``client`` got."""
    for part in bytes(client.data).split(b"HTTP/1.1 ")[1:]:
        yield int(part[:3])
