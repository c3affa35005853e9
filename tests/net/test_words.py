"""What the system calls an error."""

import errno
import os
import sys

from twisted.trial.unittest import SynchronousTestCase

from exproxy.net.words import system_words


class WordsTests(SynchronousTestCase):
    def test_a_refused_connection_has_words(self) -> None:
        said = system_words(errno.ECONNREFUSED)
        self.assertTrue(said if sys.platform == "win32" else said == os.strerror(errno.ECONNREFUSED))
