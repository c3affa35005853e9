"""Which process is meant, and what becomes of one that does not answer."""

import http.client
import socket
from pathlib import Path
from types import SimpleNamespace

from click.testing import CliRunner
from twisted.trial.unittest import SynchronousTestCase

from exproxy.cli import main
from exproxy.cli.connection import let_in
from exproxy.config.tokenfile import new_way
from tests.cli.process import ProcessTestCase


class ReachedTests(ProcessTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.answer = {"admin": "drain", "servers": ["b/ex1"], "sessions": 0}

    def test_the_configuration_names_the_socket(self) -> None:
        path = Path(self.mktemp())
        path.write_text('[admin]\nsocket = "a.sock"\n')
        result = CliRunner().invoke(main, ["host", "drain", "ex1", "-c", str(path)])
        self.assertEqual((result.exit_code, self.path), (0, str((path.parent / "a.sock").absolute())))

    def test_so_may_the_environment(self) -> None:
        CliRunner().invoke(main, ["host", "drain", "ex1"], env={"EXPROXY_SOCKET": "/run/other.sock"})
        self.assertEqual(self.path, str(Path("/run/other.sock")))

    def test_without_one_it_is_said_where_it_has_to_stand(self) -> None:
        path = Path(self.mktemp())
        path.write_text("")
        result = CliRunner().invoke(main, ["host", "drain", "ex1", "-c", str(path)])
        self.assertEqual(result.exit_code, 3)
        self.assertIn("there is no socket to come in by", result.stderr)

    def test_names_are_quoted(self) -> None:
        self.run_with("host", "drain", "a/b c")
        self.assertEqual(self.asked, [("PUT", "/api/v1/hosts/a%2Fb%20c/state", {"state": "drain"})])


class UnreachedTests(ProcessTestCase):
    def test_each_reason_has_its_sentence_and_the_code_is_3(self) -> None:
        path = Path("/run/x.sock")
        for error, words in (
            (FileNotFoundError(), f"no exproxy listens at {path}"),
            (ConnectionRefusedError(), f"no exproxy listens at {path}"),
            (PermissionError(), f"{path} is not for you: "),
            (TimeoutError(), "does not answer within 10 s"),
            (http.client.RemoteDisconnected("it left"), "cannot be asked: it left"),
        ):
            self.error = error
            result = self.run_with("host", "drain", "ex1")
            self.assertEqual((result.exit_code, result.stdout), (3, ""))
            self.assertIn(words, result.stderr)

    def test_who_does_not_speak_json_is_no_exproxy(self) -> None:
        self.answer = b"<html>"
        self.assertEqual(self.run_with("host", "drain", "ex1").exit_code, 3)

    def test_what_is_refused_is_said_with_the_code_1(self) -> None:
        self.status, self.answer = 404, {"error": 'there is no host "ex3"; did you mean "ex2"?'}
        result = self.run_with("host", "drain", "ex3")
        self.assertEqual((result.exit_code, result.stderr), (1, 'there is no host "ex3"; did you mean "ex2"?\n'))


class TokenTests(SynchronousTestCase):
    """Where there are no unix sockets."""

    def setUp(self) -> None:
        self.path = Path(self.mktemp())
        self.sent = b""
        self.asked: list[tuple[object, float]] = []
        self.patch(socket, "create_connection", self.connect)

    def connect(self, address: object, timeout: float) -> SimpleNamespace:
        self.asked.append((address, timeout))
        return SimpleNamespace(sendall=self.send)

    def send(self, data: bytes) -> None:
        self.sent += data

    def test_the_file_says_where_and_the_word_is_said_first(self) -> None:
        way = new_way(50123)
        self.path.write_text(way.text())
        let_in(self.path, 5.0)
        self.assertEqual((self.asked, self.sent), ([(("127.0.0.1", 50123), 5.0)], way.greeting()))

    def test_a_file_of_somebody_else_is_none(self) -> None:
        self.path.write_text("precious")
        self.assertRaises(ValueError, let_in, self.path, 5.0)
        self.assertEqual(self.asked, [])

    def test_without_a_file_nobody_listens(self) -> None:
        self.assertRaises(FileNotFoundError, let_in, self.path, 5.0)
