"""What arguments of commands are."""

import click
from twisted.trial.unittest import SynchronousTestCase

from exproxy.cli.kinds import Server


class ServerTests(SynchronousTestCase):
    def test_a_server_is_a_back_end_s(self) -> None:
        self.assertEqual(Server().convert("smtp/ex1", None, None), ("smtp", "ex1"))
        self.assertEqual(Server().convert("smtp/a/b", None, None), ("smtp", "a/b"))

    def test_anything_else_is_refused_with_what_to_write(self) -> None:
        for word in ("ex1", "/ex1", "web/", ""):
            error = self.assertRaises(click.BadParameter, Server().convert, word, None, None)
            self.assertIn("write BACKEND/SERVER, such as smtp/ex1", str(error))
