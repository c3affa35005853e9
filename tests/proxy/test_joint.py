"""Two streams with a translator between them."""

import attrs
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from exproxy.net.interfaces import Address, Stream
from exproxy.pool import Host, Server
from exproxy.proxy.joint import Joint, pipe
from exproxy.wire.crossing import Broken, Crossing
from exproxy.wire.errors import WireError
from tests.net.memory import Recorder, pair

SERVER = Server("one", Host("one", "192.0.2.1"), "192.0.2.1", 135)


@attrs.define(eq=False)
class Shouting:
    """Says all in capitals, tells the sender ``ok``, and cannot bear an exclamation mark."""

    faults: list[str] = attrs.field(factory=list)
    unfinished: str = ""
    """Who is in the middle of something."""

    def from_client(self, data: bytes) -> Crossing:
        self._judge(data)
        return Crossing(data.upper(), b"ok")

    def from_server(self, data: bytes) -> Crossing:
        self._judge(data)
        return Crossing(b"ok", data.upper())

    def client_ended(self) -> None:
        self._ended("client")

    def server_ended(self) -> None:
        self._ended("server")

    def broken(self, who: str, error: WireError) -> None:
        self.faults.append(f"{who}: {error}")

    def _ended(self, who: str) -> None:
        if who == self.unfinished:
            raise WireError("it stops", "a word")

    def _judge(self, data: bytes) -> None:
        if b"!" in data:
            raise Broken("it shouts", "a word", Crossing(b"last", b"words"))


@attrs.define(eq=False)
class Told(Recorder):
    """A session that writes down what it is told, and ends as sessions do."""

    streams: tuple[Stream, ...] = ()
    ends: list[str] = attrs.field(factory=list)
    eofs: list[Stream] = attrs.field(factory=list)
    losses: list[Stream] = attrs.field(factory=list)
    source: Address = ("192.0.2.77", 4711)
    relaying: bool = True

    def reached(self) -> Address:
        return ("192.0.2.9", 135)

    def end(self, letter: str) -> None:
        self.ends.append(letter)
        self.relaying = False
        for stream in self.streams:
            stream.close()

    def eof_received(self, stream: Stream) -> None:
        self.eofs.append(stream)

    def stream_lost(self, stream: Stream, error: Exception | None) -> None:
        self.losses.append(stream)


class JointTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.near, self.client = pair(self.clock)
        self.upstream, self.server = pair(self.clock)
        self.session = Told(streams=(self.client, self.upstream))
        self.heard = {"client": Recorder(), "server": Recorder()}
        self.near.attach(self.heard["client"])
        self.server.attach(self.heard["server"])
        self.near.resume()
        self.server.resume()
        self.translator = Shouting()

    def join(self) -> None:
        Joint(self.session, self.client, self.upstream, self.translator)
        self.settle()

    def settle(self) -> None:
        self.clock.pump([0] * 40)

    def say(self, stream: Stream, data: bytes) -> None:
        stream.write(data)
        self.settle()

    def data(self) -> tuple[bytes, bytes]:
        return bytes(self.heard["client"].data), bytes(self.heard["server"].data)

    def test_a_pipe_relays_as_it_is(self) -> None:
        pipe(self.session, self.client, self.upstream, SERVER)
        self.say(self.near, b"hello")
        self.say(self.server, b"well")
        self.assertEqual(self.data(), (b"well", b"hello"))

    def test_what_either_side_says_goes_where_the_translator_wants_it(self) -> None:
        self.join()
        self.say(self.near, b"hello")
        self.assertEqual(self.data(), (b"ok", b"HELLO"))
        self.say(self.server, b"well")
        self.assertEqual(self.data(), (b"okWELL", b"HELLOok"))

    def test_a_server_that_does_not_read_stops_its_client(self) -> None:
        self.join()
        self.server.pause()
        self.upstream.capacity = 10
        self.say(self.near, b"x" * 25)
        self.assertFalse(self.client.reading)
        self.assertTrue(self.upstream.reading)
        self.server.resume()
        self.settle()
        self.assertTrue(self.client.reading)
        self.assertEqual(self.data()[1], b"X" * 25)

    def test_a_client_that_does_not_read_its_answers_is_not_read_either(self) -> None:
        self.join()
        self.near.pause()
        self.client.capacity = 1
        self.say(self.near, b"x")
        self.assertFalse(self.client.reading)
        self.assertTrue(self.upstream.reading)

    def test_a_sender_waits_until_both_queues_are_empty(self) -> None:
        self.join()
        for near, far in ((self.near, self.client), (self.server, self.upstream)):
            near.pause()
            far.capacity = 1
        self.say(self.server, b"xx")
        self.assertFalse(self.upstream.reading)
        self.near.resume()
        self.settle()
        self.assertFalse(self.upstream.reading)
        self.server.resume()
        self.settle()
        self.assertTrue(self.upstream.reading)

    def test_an_end_is_passed_on_behind_what_was_said(self) -> None:
        self.join()
        self.near.write(b"hello")
        self.near.write_eof()
        self.settle()
        self.assertEqual((self.data()[1], self.heard["server"].eof), (b"HELLO", True))
        self.assertEqual(self.session.eofs, [self.client])
        self.say(self.server, b"well")
        self.assertEqual(self.data()[0], b"okWELL")

    def test_a_client_that_breaks_the_protocol_hears_why_and_the_session_ends(self) -> None:
        self.join()
        self.say(self.near, b"hello!")
        self.assertEqual(self.data(), (b"words", b"last"))
        self.assertEqual((self.session.ends, self.translator.faults), (["P"], ["client: a word: it shouts"]))
        self.assertTrue(self.heard["client"].eof)

    def test_a_server_that_breaks_the_protocol_ends_the_session_too(self) -> None:
        self.join()
        self.say(self.server, b"well!")
        self.assertEqual((self.session.ends, self.translator.faults), (["S"], ["server: a word: it shouts"]))

    def test_an_end_in_the_middle_of_something_ends_the_session(self) -> None:
        for who, letter in (("client", "P"), ("server", "S")):
            self.setUp()
            self.translator.unfinished = who
            self.join()
            (self.near if who == "client" else self.server).write_eof()
            self.settle()
            self.assertEqual((self.session.ends, self.translator.faults), ([letter], [f"{who}: a word: it stops"]))

    def test_so_does_a_loss(self) -> None:
        self.translator.unfinished = "server"
        self.join()
        self.server.abort()
        self.settle()
        self.assertEqual((self.session.ends, self.translator.faults), (["S"], ["server: a word: it stops"]))
        self.assertEqual(self.session.losses[0], self.upstream)

    def test_an_end_that_we_have_made_is_nobodys_fault(self) -> None:
        self.translator.unfinished = "server"
        self.join()
        self.session.relaying = False
        self.server.abort()
        self.settle()
        self.assertEqual(self.translator.faults, [])

    def test_behind_the_end_nothing_is_translated(self) -> None:
        self.session.streams = ()
        self.join()
        self.say(self.near, b"!")
        self.say(self.near, b"more!")
        self.say(self.server, b"more!")
        self.assertEqual(self.session.ends, ["P"])

    def test_a_lost_server_lets_its_client_be_read_to_its_end(self) -> None:
        self.join()
        self.server.pause()
        self.upstream.capacity = 1
        self.say(self.near, b"hello")
        self.near.write_eof()
        self.server.abort()
        self.settle()
        self.assertEqual((self.session.losses, self.session.eofs), ([self.upstream], [self.client]))

    def test_peers_that_leave_are_told_of(self) -> None:
        joint = Joint(self.session, self.client, self.upstream, self.translator)
        joint.peer_left(self.client)
        self.assertTrue(self.session.left)
