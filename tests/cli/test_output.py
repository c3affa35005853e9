"""What is printed, also to nobody."""

import io
import os
import sys

from twisted.trial.unittest import SynchronousTestCase

from exproxy.cli.output import say


class SayTests(SynchronousTestCase):
    def test_a_line_is_printed(self) -> None:
        self.patch(sys, "stdout", io.StringIO())
        say("hello", "red")
        say("end", newline=False)
        self.assertEqual(sys.stdout.getvalue(), "hello\nend")

    def test_when_the_reader_has_gone_nothing_is_printed_and_nobody_complains(self) -> None:
        reader, writer = os.pipe()
        os.close(reader)
        with os.fdopen(writer, "w") as stdout:
            self.patch(sys, "stdout", stdout)
            say("hello")
            say("again")
            stdout.flush()
            self.assertTrue(os.path.samestat(os.fstat(stdout.fileno()), os.stat(os.devnull)))
