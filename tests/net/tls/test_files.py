"""Changes of files are told once, and not before they have settled."""

import os
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from exproxy.net.tls.files import Watched, signature


class WatchedTests(SynchronousTestCase):
    def setUp(self) -> None:
        folder = Path(self.mktemp())
        folder.mkdir()
        self.one, self.two = folder / "one", folder / "two"
        self.one.write_text("1")
        self.watched = Watched((self.one, self.two, self.one))

    def test_nothing_has_changed(self) -> None:
        self.assertEqual([self.watched.changed(), self.watched.changed()], [(), ()])

    def test_a_change_is_told_once_when_it_has_stayed_for_one_more_look(self) -> None:
        self.two.write_text("2")
        self.assertEqual([self.watched.changed() for _ in range(3)], [(), (self.two,), ()])

    def test_what_goes_on_changing_is_waited_for(self) -> None:
        found = []
        for number in range(3):
            os.utime(self.one, (number, number))
            found.append(self.watched.changed())
        self.assertEqual([*found, self.watched.changed()], [(), (), (), (self.one,)])

    def test_what_changes_back_has_not_changed(self) -> None:
        before = self.one.stat()
        os.utime(self.one, (1, 1))
        self.watched.changed()
        os.utime(self.one, ns=(before.st_atime_ns, before.st_mtime_ns))
        self.assertEqual([self.watched.changed(), self.watched.changed()], [(), ()])

    def test_a_file_that_is_not_there_has_a_signature_too(self) -> None:
        self.assertEqual(signature(self.two), (0, 0, 0))
