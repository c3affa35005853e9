"""Each way in which a session can end is a sentence."""

import re
from pathlib import Path

from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

import exproxy.proxy
from exproxy.proxy.accesslog.formats import JsonFormat, TextFormat
from exproxy.proxy.accesslog.mail import MailRecord
from exproxy.proxy.accesslog.request import RequestRecord
from exproxy.site.endings import Ended, meaning, read, sentence
from tests.proxy.accesslog.samples import RECORD

FIRST, SECOND = "CcSsPRDUKL-", "RQCHDT-"
SENTENCES = (
    ("--", "hub/ex1: it ended in the ordinary way (--)"),
    ("SC", "no server could be had: none is usable, or all that were tried refused"),
    ("sC", "a firewall drops what is sent there"),
    ("SQ", "the queue is full (queue_size)"),
    ("sQ", "it waited for a slot in vain (timeouts.queue)"),
    ("cR", "the client did not say in time what is needed"),
    ("PR", "refused by a rule or a limit"),
    ("CD", "the client broke off in the middle"),
    ("SD", "the server broke off in the middle: its own log may say why"),
    ("SH", "the server closed before it had answered"),
    ("sH", "timeouts.server"),
    ("cD", "timeouts.client"),
    ("DD", "the server went down, and its sessions were ended (on_marked_down) while it was relayed"),
    ("UD", "a better server came up"),
    ("KD", "an administrator ended it, or the time to drain was over while it was relayed"),
    ("KQ", "while it waited for a slot"),
    ("RC", "this machine had no descriptor, port or memory left while a server was connected to"),
    ("PT", "while it was held in a tarpit"),
    ("LR", "it was answered here"),
)


class MeaningTests(SynchronousTestCase):
    def test_each_is_a_sentence_that_says_where_and_what(self) -> None:
        for letters, words in SENTENCES:
            said = sentence(Ended("smtp", "hub", "ex1", letters))
            self.assertIn(words, said)
            self.assertTrue(said.startswith("hub/ex1: "))
            self.assertTrue(said.endswith(f" ({letters})"))

    def test_every_pair_of_letters_that_there_can_be_means_something(self) -> None:
        found = {meaning(first + second) for first in FIRST for second in SECOND}
        self.assertGreater(len(found), 60)

    def test_the_letters_are_those_of_the_documentation_and_of_the_code(self) -> None:
        root = Path(__file__).resolve().parents[2]
        table = (root / "docs" / "logging.md").read_text("utf-8").partition("## Termination")[2].partition("Often asked")[0]
        documented = set(re.findall(r"^\| `(.)` \|", table, re.MULTILINE))
        self.assertLessEqual(documented, set(FIRST))
        source = "".join(path.read_text("utf-8") for path in Path(exproxy.proxy.__path__[0]).rglob("*.py"))
        letters = set(re.findall(r'(?:_end|_blame|kill)\("(\w)"', source)) | set(re.findall(r'_end\("(\w)\w"', source))
        self.assertGreater(len(letters), 4)
        self.assertLessEqual(letters, set(FIRST))

    def test_what_is_none_is_refused(self) -> None:
        for letters in ("", "s", "XX", "sCC", "Ss"):
            self.assertRaises(ValueError, meaning, letters)


class ReadTests(SynchronousTestCase):
    request = RequestRecord(
        *RECORD[:5], 4, 1, 2, 3, 9, 200, 77, 2750, "SH", *RECORD[11:], request=b'GET /owa?"hub/x HTTP/1.1', cookies="VN"
    )

    def test_lines_of_all_formats_are_read(self) -> None:
        session = RECORD._replace(termination="sC")
        for record in (session, self.request, MailRecord(session, "TLSv1.3", "hub/ex2 1/1/1", "8f0c", 2, "221")):
            for line in (TextFormat()(record), JsonFormat()(record)):
                ended = read(line)
                assert ended is not None, line
                letters = "SH" if record is self.request else "sC"
                self.assertEqual(ended, Ended("smtp", "hub", "ex1", letters))

    def test_so_are_those_that_got_no_server(self) -> None:
        record = RECORD._replace(backend=None, server=None, queue_ms=-1, connect_ms=-1, termination="PR", redispatched=True)
        text = TextFormat()(record)
        for line in (text, JsonFormat()(record), f"<134>1 2026-01-31T12:00:00Z lb1 exproxy 1 access - {text}"):
            ended = read(line)
            assert ended is not None, line
            self.assertEqual((ended.place, ended.termination), (record.frontend, "PR"))
            self.assertEqual(evolve(ended, backend="hub").place, "hub")

    def test_other_lines_are_none(self) -> None:
        for line in ("", "hello", "{", "[]", "{}", '{"frontend": 7}', "{" * 100_000, "x" * 100_000, "] a b/c 1/1/1 " * 10_000):
            self.assertIsNone(read(line))
