"""``exproxy reload``."""

from exproxy.cli.reload import PATIENCE
from tests.cli.process import ProcessTestCase


class ReloadTests(ProcessTestCase):
    def test_what_has_changed_is_told(self) -> None:
        self.answer = {"changes": ["front end smtp is new", "server hub/ex2 is gone: its sessions drain"]}
        result = self.run_with("reload")
        self.assertEqual((self.asked, self.patience), ([("POST", "/api/v1/reload", {})], PATIENCE))
        self.assertEqual((result.exit_code, result.stderr), (0, ""))
        self.assertEqual(result.stdout, "front end smtp is new\nserver hub/ex2 is gone: its sessions drain\n")

    def test_nothing_is_something_to_tell_too(self) -> None:
        self.answer = {"changes": []}
        self.assertEqual(self.run_with("reload").stdout, "nothing has changed\n")

    def test_all_that_is_wrong_with_the_file_is_told_and_the_code_is_1(self) -> None:
        self.status = 422
        self.answer = {"error": "2 problems", "problems": ["site.toml:3: no", "site.toml:9: neither"]}
        result = self.run_with("reload")
        self.assertEqual((result.exit_code, result.stdout), (1, ""))
        self.assertEqual(result.stderr, "site.toml:3: no\nsite.toml:9: neither\nnot reloaded: all is as it was\n")

    def test_an_error_without_a_list_is_told_too(self) -> None:
        for status in (409, 422, 403):
            self.status, self.answer = status, {"error": "not now"}
            result = self.run_with("reload")
            self.assertEqual(result.exit_code, 1)
            self.assertIn("not now\n", result.stderr)

    def test_a_process_that_cannot_is_named_as_one(self) -> None:
        self.status, self.answer = 404, {"error": "there is nothing at /api/v1/reload"}
        result = self.run_with("reload")
        self.assertEqual((result.exit_code, result.stdout), (1, ""))
        self.assertIn("cannot reload: it is of another version; restart it", result.stderr)

    def test_without_a_process_the_code_is_3(self) -> None:
        self.error = ConnectionRefusedError()
        self.assertEqual(self.run_with("reload").exit_code, 3)
