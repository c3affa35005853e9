"""Names for the tab key."""

import io
from contextlib import redirect_stderr
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from click.shell_completion import ShellComplete

from exproxy.admin.plain import plain
from exproxy.cli import main
from exproxy.cli.names import PATIENCE
from tests.admin.stage import AdminStage
from tests.cli.process import ProcessTestCase

CONFIGURATION = """
[admin]
socket = "x.sock"
[hosts]
exA = "10.0.0.1"
[tables.t]
kind = "source"
[frontends.f]
bind = "127.0.0.1:2525"
backend = "b"
[backends.b.servers]
exA = 25
"""


class NamesTests(AdminStage, ProcessTestCase):
    def setUp(self) -> None:
        AdminStage.setUp(self)
        ProcessTestCase.setUp(self)
        self.answer = plain(self.overview.snapshot())
        folder = TemporaryDirectory()  # not trial's: a socket's path has 107 bytes at most
        self.addCleanup(folder.cleanup)
        self.file = Path(folder.name, "site.toml")

    def completed(self, *words: str, incomplete: str = "", where: tuple[str, ...] | None = None) -> list[str]:
        """What is offered for the next word."""
        kind: Any = type("Kind", (ShellComplete,), {"name": "kind", "source_template": ""})
        arguments = [*words, *(("--socket", "/run/x.sock") if where is None else where)]
        said = io.StringIO()
        with redirect_stderr(said):
            found = kind(main, {}, "exproxy", "X").get_completions(arguments, incomplete)
        self.assertEqual(said.getvalue(), "")
        return [item.value for item in found]

    def test_hosts_servers_front_ends_and_tables_of_the_running_process_are_offered(self) -> None:
        servers = ["smtp/ex1", "smtp/ex2", "web/ex1", "web/ex2"]
        for words, names in (
            (("host", "drain"), ["ex1", "ex2"]),
            (("server", "maint"), servers),
            (("server", "weight"), servers),
            (("server", "end-sessions"), servers),
            (("sessions", "--frontend"), ["mail", "site"]),
            (("table",), ["smtp"]),
        ):
            where = ("--socket", "/run/x.sock")
            order = (words[0], *where, *words[1:]) if words[-1].startswith("--") else (*words, *where)
            self.assertEqual(self.completed(*order, where=()), names, words)
        self.assertEqual((self.path, self.patience), (str(Path("/run/x.sock")), PATIENCE))

    def test_what_is_begun_is_completed(self) -> None:
        self.assertEqual(self.completed("server", "drain", incomplete="web/"), ["web/ex1", "web/ex2"])
        self.assertEqual(self.completed("server", "drain", incomplete="z"), [])

    def test_without_a_process_the_configuration_is_asked(self) -> None:
        self.error = FileNotFoundError()
        self.file.write_text(CONFIGURATION)
        for words, names in ((("host", "drain"), ["exA"]), (("server", "drain"), ["b/exA"]), (("table",), ["t"])):
            self.assertEqual(self.completed(*words, where=("-c", str(self.file))), names)
        self.assertEqual(self.path, str(self.file.with_name("x.sock")))

    def test_whatever_goes_wrong_nothing_is_said(self) -> None:
        self.assertEqual(self.completed("host", "drain", where=("-c", "/nowhere/x.toml")), [])
        self.file.write_text("[")
        self.assertEqual(self.completed("host", "drain", where=("-c", str(self.file))), [])
        for answer in (b"<html>", {"hosts": 7}, []):
            self.answer = answer
            self.assertEqual(self.completed("host", "drain"), [])
        self.status, self.answer = 500, {"error": "no"}
        self.assertEqual(self.completed("host", "drain"), [])

    def test_names_that_a_shell_would_take_for_something_else_are_left_out(self) -> None:
        self.answer = {"hosts": [{"name": "a b"}, {"name": "*"}, {"name": "$(x)"}, {"name": "ex-1.lan"}]} | {
            word: [] for word in ("backends", "frontends", "tables")
        }
        self.assertEqual(self.completed("host", "drain"), ["ex-1.lan"])
