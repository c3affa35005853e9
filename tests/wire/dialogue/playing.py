"""Tests of dialogues read as plays, and prove on the way that the cutting of what the server says changes nothing.

A play is a list of lines: ``server: …`` and ``we: …`` (CRLF is added), ``(handshake)``, ``(reconnect 6001)``, ``(close)``;
what stands in no such line is bytes, said by the server as they are.  What the server says in lines that follow each
other comes in one piece, then in two, cut at each place, then byte by byte.
"""

from collections.abc import Iterator, Sequence

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.dialogue.base import Action, Connect, Dialogue, Finish, Outcome, Send, StartTLS
from tests.wire.cutting import pieces

Line = str | bytes


class PlayTestCase(SynchronousTestCase):
    """A subclass says in :meth:`dialogue` which one is tested."""

    def dialogue(self) -> Dialogue:
        """A new one."""
        raise NotImplementedError

    def play(self, *lines: Line) -> Outcome:
        """Play it in all cuts; every actor keeps to the lines; returns the outcome."""
        script = list(joined(lines))
        longest = max((len(line) for line in script if isinstance(line, bytes)), default=0)
        whole = self._perform(script, [])
        for cut in range(1, min(longest, 400)):
            self.assertEqual(self._perform(script, [cut]), whole, f"each of the server's speeches cut at {cut}")
        self.assertEqual(self._perform(script, range(longest)), whole, "byte by byte")
        return whole

    def _perform(self, script: Sequence[Line], cuts: Sequence[int]) -> Outcome:
        dialogue = self.dialogue()
        pending = list(dialogue.start())
        for line in script:
            if isinstance(line, bytes):
                self.assertEqual(pending, [], "the server speaks while something of ours is to be done")
                for piece in pieces(line, [cut for cut in cuts if cut < len(line)]):
                    pending += dialogue.receive(piece)
            elif line == "(close)":
                self.assertEqual(pending, [], "the server closes while something of ours is to be done")
                pending += dialogue.closed()
            else:
                assert pending, f"{line}: nothing was done"
                pending += self._act(dialogue, line, pending.pop(0))
        assert pending, "the play ends, and the dialogue did not"
        last = pending.pop(0)
        assert isinstance(last, Finish), f"the play ends with {last}"
        self.assertEqual(pending, [], "it went on after the end")
        self._assert_over(dialogue)
        return last.outcome

    def _act(self, dialogue: Dialogue, line: str, action: Action) -> Sequence[Action]:
        if line == "(handshake)":
            self.assertEqual(action, StartTLS())
            return dialogue.secured()
        if line.startswith("(reconnect "):
            self.assertEqual(action, Connect(int(line.removesuffix(")").split()[1])))
            return dialogue.start()
        self.assertEqual(action, Send(line.removeprefix("we: ").encode() + b"\r\n"))
        return ()

    def _assert_over(self, dialogue: Dialogue) -> None:
        """Whatever still comes, nothing is done any more."""
        self.assertEqual([*dialogue.receive(b"more\r\n"), *dialogue.secured(), *dialogue.closed()], [])


class GarbageMixin:
    """For a :class:`PlayTestCase`: a server that says anything whatsoever."""

    prologue: bytes = b""
    """What it says before that."""

    def test_garbage_never_raises_and_ends_with_the_close(self: PlayTestCase) -> None:
        noise = st.lists(
            st.one_of(st.binary(max_size=60), st.sampled_from([b"\r\n", b"\n", b"250 ", b"* ", b"+OK", b"HTTP/1.1 200 "]))
        )

        @given(noise.map(b"".join), st.lists(st.integers(0, 500), max_size=4))
        def check(said: bytes, cuts: list[int]) -> None:
            outcomes = [babble(self.dialogue(), self.prologue + said, where) for where in ([], cuts, list(range(len(said))))]
            self.assertEqual(outcomes, outcomes[:1] * 3)

        check()

    def test_an_endless_speech_ends_at_the_bound(self: PlayTestCase) -> None:
        for speech in (b"x", b"\x00", b"250-x\r\n", b"* OK x\r\n", b"+OK\r\n", b"HTTP/1.1 100 C\r\n\r\n", b"\r\n"):
            dialogue = self.dialogue()
            done = list(dialogue.start())
            for _ in range(300):
                if any(isinstance(action, Finish | StartTLS) for action in done):
                    break
                done += dialogue.receive(speech * 1000)
            else:
                raise AssertionError(f"it listens for ever to {speech!r}: {done}")


def babble(dialogue: Dialogue, said: bytes, cuts: Sequence[int]) -> Outcome:
    """Drive a dialogue to its end with what comes; checks what holds for each."""
    done = list(dialogue.start())
    for piece in pieces(said, cuts):
        done += dialogue.receive(piece)
    done += dialogue.closed()
    finished = [action for action in done if isinstance(action, Finish)]
    assert len(finished) == 1, f"it ends once: {done}"
    assert done[-1] is finished[0], f"nothing is done after the end: {done}"
    for text in (dialogue.last_line(), finished[0].outcome.line, finished[0].outcome.text):
        assert text.isprintable(), f"{text!r} is not printable"
    assert max(len(dialogue.last_line()), len(finished[0].outcome.line)) <= 200
    return finished[0].outcome


def joined(lines: Sequence[Line]) -> Iterator[Line]:
    """The server's lines that follow each other, as one piece of bytes."""
    speech = b""
    for line in lines:
        if isinstance(line, bytes):
            speech += line
        elif line.startswith("server: "):
            speech += line.removeprefix("server: ").encode() + b"\r\n"
        else:
            if speech:
                yield speech
            speech = b""
            yield line
    if speech:
        yield speech
