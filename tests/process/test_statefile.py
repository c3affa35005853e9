"""The file comes to the disk whole or not at all, and is believed only whole."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest import skipIf

from twisted.trial.unittest import SynchronousTestCase

from exproxy.pool import Admin, Operational, Table
from exproxy.pool.health import Verdict
from exproxy.pool.kept import ByHand, Found, Kept, LimitByHand, Place, PlaceByHand, WeightByHand
from exproxy.process import statefile
from exproxy.process.statefile import StateFileError, doubt, put_aside, read, write

SECRET = b"of thirty-two octets or of fewer"
LIMITS = {"hub/ex1": LimitByHand(None, 5), "hub/ex2": LimitByHand(9, None)}
PLACES = {"hub/ex1": PlaceByHand(Place("192.0.2.7", 2525), Place("192.0.2.1", None))}
KEPT = Kept(
    ByHand({"ex1": Admin.DRAIN}, {"hub/ex2": Admin.MAINT}, {"hub/ex2": WeightByHand(7, 1)}, LIMITS, PLACES),
    {"hub/ex1": Found("192.0.2.1:25", {"smtp": Verdict(Operational.DOWN, "it said 554 \u2013 No")}, 12.5)},
)


def place(address: str, port: int) -> dict[str, object]:
    """Instead of the first one of PLACES."""
    return {"place": {"address": address, "port": port}, "instead": {"address": "192.0.2.1", "port": None}}


def found(state: str, seconds: float, reason: object = "") -> dict[str, object]:
    return {"where": "192.0.2.1:25", "checks": {"smtp": {"state": state, "reason": reason}}, "seconds": seconds}


class StateFileTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        self.path = self.folder / "state.json"

    def pieces(self, table: Table | None = None, now: float = 100.0) -> list[str]:
        tables = []
        if table is not None:
            tables = [statefile.table_text("cas", "source", 5000.0, statefile.entries_text(table.snapshot(), now))]
        return statefile.document(KEPT, SECRET, 5010.0, tables)

    def why(self, text: str | bytes) -> str:
        self.path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(self.assertRaises(StateFileError, read, self.path))


class RoundTripTests(StateFileTests):
    def test_what_was_written_is_read(self) -> None:
        write(self.path, self.pieces())
        state = read(self.path)
        assert state is not None
        self.assertEqual((state.kept, state.secret, state.written), (KEPT, SECRET, 5010.0))
        self.assertEqual(state.kept.health["hub/ex1"].seconds, 12.5)

    def test_entries_have_their_age_when_the_file_was_written(self) -> None:
        table = Table("cas")
        table.insert(b"\1\2", "ex1", 70.0)
        table.insert(b"\3\4", "ex2", 10.0)
        entry = table.find(b"\3\4", 10.0)
        assert entry is not None
        entry.live = 1
        write(self.path, self.pieces(table))
        state = read(self.path)
        assert state is not None
        # 30 s when they were looked at, 10 s before the file was written; a live session uses its own all the time
        self.assertEqual(sorted(state.tables["cas"].entries), [(b"\1\2", "ex1", 40.0), (b"\3\4", "ex2", 10.0)])

    def test_many_entries_are_several_slices(self) -> None:
        table = Table("cas")
        for number in range(1201):
            table.insert(number.to_bytes(4, "big"), "ex1", 50.0)
        self.assertEqual(len(list(statefile.entries_text(table.snapshot(), 100.0))), 3)
        write(self.path, self.pieces(table))
        state = read(self.path)
        assert state is not None
        self.assertEqual(len(state.tables["cas"].entries), 1201)

    def test_an_empty_table_is_one_too(self) -> None:
        write(self.path, self.pieces(Table("cas")))
        state = read(self.path)
        assert state is not None
        self.assertEqual(list(state.tables["cas"].entries), [])

    def test_it_is_plain_json(self) -> None:
        write(self.path, self.pieces())
        self.assertEqual(json.loads(self.path.read_text())["exproxy-state"], 1)

    def test_without_a_file_there_is_nothing_and_no_error(self) -> None:
        self.assertIsNone(read(self.path))


class WritingTests(StateFileTests):
    def test_only_the_owner_may_read_it_and_nothing_else_is_left(self) -> None:
        self.path.write_text("older")
        self.path.chmod(0o644)
        (self.folder / "state.json.new").write_text("of one that was killed")
        write(self.path, ["x"])
        self.assertEqual(self.path.stat().st_mode & 0o777, 0o600)
        self.assertEqual(os.listdir(self.folder), ["state.json"])

    def test_one_that_fails_leaves_the_old_one(self) -> None:
        self.path.write_text("older")

        def broken() -> "list[str]":
            raise OSError(28, "No space left on device")

        self.assertRaises(OSError, write, self.path, (piece for _ in range(1) for piece in broken()))
        self.assertEqual((os.listdir(self.folder), self.path.read_text()), (["state.json"], "older"))

    @skipIf(sys.platform == "win32", "a file that is open cannot be put aside there, so nobody can be overtaken")
    def test_what_another_process_is_about_to_write_is_left_to_it(self) -> None:
        self.path.write_text("older")
        new = self.folder / "state.json.new"

        def overtaken() -> "Iterator[str]":
            yield "ours"
            new.unlink()
            new.write_text("half of the other's")

        error = self.assertRaises(OSError, write, self.path, overtaken())
        self.assertIn("another process writes it", str(error))
        self.assertEqual((self.path.read_text(), new.read_text()), ("older", "half of the other's"))

    def test_what_speaks_against_writing_is_said(self) -> None:
        self.assertEqual(doubt(self.path), "")
        self.assertEqual(doubt(self.folder), "it is a folder")
        self.assertEqual(doubt(self.folder / "run" / "state.json"), f"there is no folder {self.folder / 'run'}")
        self.patch(os, "access", lambda path, mode: False)
        self.assertEqual(doubt(self.path), f"no file may be made in {self.folder}")

    def test_one_that_cannot_be_used_is_put_aside(self) -> None:
        self.path.write_text("x")
        put_aside(self.path)
        self.assertEqual(os.listdir(self.folder), ["state.json.broken"])


class BrokenTests(StateFileTests):
    def test_every_truncation_is_seen(self) -> None:
        whole = "".join(self.pieces()).rstrip("\n")
        for length in range(len(whole)):
            self.assertIn("it is not whole, or no JSON", self.why(whole[:length]))

    def test_what_is_no_json_is_refused(self) -> None:
        for data in (b"\0" * 4096, b"\xff\xfe", b"hello", b"[" * 100_000):
            self.assertIn("it is not whole, or no JSON", self.why(data))

    def test_what_is_not_ours_is_refused(self) -> None:
        for text in ("{}", "[]", "3", '{"a": 1}'):
            self.assertEqual(self.why(text), "it is not one of exproxy's")

    def test_a_newer_one_is_told(self) -> None:
        self.assertEqual(self.why('{"exproxy-state": 2}'), "its format is 2, and this version of exproxy knows 1")

    def test_what_cannot_be_is_told(self) -> None:
        good = json.loads("".join(self.pieces()))
        for change in (
            {"written": "x"},
            {"written": None},
            {"secret": "xyz"},
            {"kept": 5},
            {"kept": {"by_hand": {"hosts": {"ex1": "gone"}}}},
            {"kept": {"by_hand": {"weights": {"hub/ex1": {"weight": 999, "instead": 1}}}}},
            {"kept": {"unknown": {}}},
            {"tables": []},
            {"tables": {"cas": {"kind": "source", "taken": 1, "entries": [["0a", "ex1"]]}}},
            {"tables": {"cas": {"kind": "source", "taken": 1, "entries": [["zz", "ex1", 1]]}}},
            {"tables": {"cas": {"kind": "source", "taken": 1, "entries": [["0a", "ex1", 10**400]]}}},
            {"tables": {"cas": {"kind": "source", "taken": 1, "entries": [["0a", ["ex1"], 1]]}}},
            {"written": 10**400},
            {"secret": ""},
            {"secret": "00" * 15},
            {"kept": {"by_hand": {"places": {"hub/ex1": place("mx.example.com", 25)}}}},
            {"kept": {"by_hand": {"places": {"hub/ex1": place("192.0.2.7", 70_000)}}}},
            {"kept": {"by_hand": {"places": {"hub/ex1": place("192.0.2.7", 0)}}}},
            {"kept": {"health": {"hub/ex1": found("down", float("nan"))}}},
            {"kept": {"health": {"hub/ex1": found("down", -1)}}},
            {"kept": {"health": {"hub/ex1": found("down", 1, reason=["No"])}}},
            {"kept": {"health": {"hub/ex1": found("down", 1, reason="\ud800")}}},
        ):
            self.assertIn("it says something that cannot be: ", self.why(json.dumps(good | change)), change)

    def test_one_that_is_too_large_is_not_read(self) -> None:
        self.patch(statefile, "LARGEST", 10)
        self.assertEqual(self.why(b" " * 11), "it is larger than 0 MB")

    def test_one_that_cannot_be_read_is_told(self) -> None:
        self.path.mkdir()
        self.assertRegex(
            str(self.assertRaises(StateFileError, read, self.path)), "^it cannot be read: (Is a directory|Permission denied)$"
        )
