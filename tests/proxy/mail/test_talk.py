"""A client and its server with a relay between them: who is read when, and what follows a step."""

import attrs

from exproxy.proxy.mail.talk import Talk
from exproxy.wire.crossing import Broken, Crossing
from exproxy.wire.errors import WireError
from exproxy.wire.step import Step, Then
from tests.net.memory import MemoryStream, Recorder, pair
from tests.proxy.stage import Stage


@attrs.define(eq=False)
class Script:
    """A relay that passes everything on, but for what a test has it say."""

    steps: dict[bytes, Step | Broken] = attrs.field(factory=dict)
    holding: bool = False
    awaiting: bool = False
    amid: bool = False
    facts: object = None

    def greeting(self, said: bytes) -> bytes:
        return said

    def from_client(self, data: bytes) -> Step:
        return self._step(data, Step(data))

    def from_server(self, data: bytes) -> Step:
        return self._step(data, Step(b"", data))

    def secured(self) -> Step:
        return Step(b"", b"safe")

    def drain(self) -> Step:
        return Step(b"", b"drain", Then.FINISH)

    def expire(self) -> Step:
        return Step(b"", b"late", Then.FINISH)

    def server_lost(self) -> Step:
        return Step(b"", b"gone", Then.FINISH)

    def abuse(self) -> Step:
        return Step(b"", b"enough", Then.FINISH)

    def client_lost(self) -> Step:
        return Step(b"" if self.amid else b"quit", b"", Then.FINISH)

    def _step(self, data: bytes, usual: Step) -> Step:
        step = self.steps.get(data, usual)
        if isinstance(step, Broken):
            raise step
        return step


class TalkStage(Stage):
    """The test is the host."""

    def setUp(self) -> None:
        super().setUp()
        self.client_end, self.client_near = pair(self.clock, capacity=100)
        self.server_near, self.server_end = pair(self.clock, capacity=100)
        self.heard = {"client": Recorder(), "server": Recorder()}
        for name, end in (("client", self.client_end), ("server", self.server_end)):
            end.attach(self.heard[name])
            end.resume()
        self.ends: list[str] = []
        self.told: list[tuple[str, MemoryStream]] = []
        self.broken: list[str] = []
        self.begun = 0
        self.replies = 0
        self.relay = Script()
        self.talk = Talk(self, self.client_near, self.server_near, self.relay)
        self.talk.begin(b"hello")
        self.settle()

    def replied(self) -> None:
        self.replies += 1

    def eof_received(self, stream: MemoryStream) -> None:
        self.told.append(("ended", stream))

    def peer_left(self, stream: MemoryStream) -> None: ...

    def stream_lost(self, stream: MemoryStream, error: Exception | None) -> None:
        self.told.append(("lost", stream))

    def begin_tls(self) -> None:
        self.begun += 1

    def talked(self, letter: str) -> None:
        self.ends.append(letter)

    def broke(self, who: str, error: WireError) -> None:
        self.broken.append(who)

    def says(self, who: MemoryStream, data: bytes) -> None:
        who.write(data)
        self.settle()


class TalkTests(TalkStage):
    def test_the_client_is_greeted(self) -> None:
        self.assertEqual(self.heard["client"].data, b"hello")

    def test_what_is_said_goes_to_the_other_side(self) -> None:
        self.says(self.client_end, b"ask")
        self.says(self.server_end, b"answer")
        self.assertEqual((self.heard["server"].data, self.heard["client"].data), (b"ask", b"helloanswer"))

    def test_the_host_hears_of_replies_alone(self) -> None:
        self.says(self.client_end, b"ask")
        self.assertEqual(self.replies, 0)
        self.says(self.server_end, b"answer")
        self.assertEqual(self.replies, 1)

    def test_who_has_done_too_much_wrong_is_told_so(self) -> None:
        self.talk.abuse()
        self.talk.abuse()
        self.settle()
        self.assertEqual((self.heard["client"].data, self.ends), (b"helloenough", ["P"]))

    def test_a_client_whose_words_would_have_to_wait_is_not_read(self) -> None:
        self.relay.holding = True
        self.says(self.client_end, b"a")
        self.assertFalse(self.client_near.reading)
        self.relay.holding = False
        self.says(self.server_end, b"b")
        self.assertTrue(self.client_near.reading)

    def test_who_sends_to_a_full_queue_is_not_read(self) -> None:
        self.client_end.pause()
        for _ in range(5):
            self.says(self.server_end, b"x" * 100)
        self.assertFalse(self.server_near.reading)
        self.client_end.resume()
        self.settle()
        self.assertTrue(self.server_near.reading)
        self.assertEqual(len(self.heard["client"].data), 505)

    def test_tls_begins_when_our_answer_is_on_its_way(self) -> None:
        self.client_end.pause()
        self.relay.steps[b"STARTTLS"] = Step(b"", b"y" * 250, Then.START_TLS)
        self.says(self.client_end, b"STARTTLS")
        self.assertEqual((self.begun, self.client_near.reading), (0, False))
        self.client_end.resume()
        self.settle()
        self.assertEqual(self.begun, 1)
        self.talk.secured(self.client_near)
        self.settle()
        self.assertEqual((self.heard["client"].data[-4:], self.client_near.reading), (b"safe", True))

    def test_once_there_is_nothing_to_follow_the_streams_are_piped(self) -> None:
        self.relay.steps[b"OK"] = Step(b"", b"OK", Then.PIPE)
        self.says(self.server_end, b"OK")
        self.assertTrue(self.talk.piped)
        self.relay.steps[b"x"] = Step(b"", b"the relay was asked")
        self.says(self.client_end, b"x")
        self.assertEqual(self.heard["server"].data, b"x")

    def test_what_breaks_the_protocol_ends_it_with_the_last_words(self) -> None:
        self.relay.steps[b"bad"] = Broken("x", "y", Crossing(b"QUIT", b"421"))
        self.says(self.client_end, b"bad")
        self.assertEqual((self.broken, self.ends), (["client"], ["P"]))
        self.assertEqual((self.heard["server"].data, self.heard["client"].data), (b"QUIT", b"hello421"))

    def test_after_its_end_nothing_is_heard(self) -> None:
        self.relay.steps[b"bye"] = Step(b"", b"bye", Then.FINISH)
        self.says(self.server_end, b"bye")
        self.says(self.client_end, b"more")
        self.talk.drain()
        self.talk.expire()
        self.talk.server_gone()
        self.talk.client_lost()
        self.assertEqual((self.ends, bytes(self.heard["server"].data)), ([""], b""))

    def test_how_it_ends_says_who_is_to_blame(self) -> None:
        for act, awaiting, letter in (
            ("drain", False, "K"),
            ("expire", False, "c"),
            ("expire", True, "s"),
            ("server_gone", False, "S"),
            ("client_lost", True, "C"),
            ("client_lost", False, ""),
            ("client_ended", False, ""),
        ):
            self.setUp()
            self.relay.awaiting = self.relay.amid = awaiting
            getattr(self.talk, act)()
            self.assertEqual(self.ends, [letter], act)

    def test_the_end_of_a_client_s_words_goes_to_the_server(self) -> None:
        self.relay.awaiting = True
        self.talk.client_ended()
        self.settle()
        self.assertEqual((self.heard["server"].eof, self.ends), (True, []))

    def test_a_client_that_has_ended_is_let_go_when_all_is_answered(self) -> None:
        self.relay.awaiting = True
        self.talk.client_ended()
        self.says(self.server_end, b"one")
        self.assertEqual(self.ends, [])
        self.relay.awaiting = False
        self.says(self.server_end, b"two")
        self.assertEqual((self.ends, bytes(self.heard["client"].data)), ([""], b"helloonetwo"))

    def test_a_server_that_leaves_a_client_that_has_ended_is_not_to_blame(self) -> None:
        self.relay.awaiting = True
        self.talk.client_ended()
        self.talk.server_gone()
        self.assertEqual(self.ends, ["C"])

    def test_who_does_not_read_is_the_one_that_is_waited_for(self) -> None:
        self.server_end.pause()
        for _ in range(3):
            self.says(self.client_end, b"x" * 100)
        self.assertTrue(self.talk.waits_for_server)
        self.talk.expire()
        self.assertEqual(self.ends, ["s"])

    def test_nor_is_an_answer_waited_for_that_the_client_does_not_take(self) -> None:
        self.relay.awaiting = True
        self.client_end.pause()
        for _ in range(3):
            self.says(self.server_end, b"x" * 100)
        self.assertFalse(self.talk.waits_for_server)

    def test_no_tls_begins_once_it_is_over(self) -> None:
        self.client_end.pause()
        self.relay.steps[b"STARTTLS"] = Step(b"", b"y" * 250, Then.START_TLS)
        self.says(self.client_end, b"STARTTLS")
        self.talk.server_gone()
        self.client_end.resume()
        self.settle()
        self.assertEqual((self.begun, self.ends), (0, ["S"]))

    def test_the_ends_of_both_streams_are_the_host_s(self) -> None:
        self.client_end.write_eof()
        self.settle()
        self.server_end.abort()
        self.settle()
        self.assertEqual(self.told, [("ended", self.client_near), ("lost", self.server_near)])
