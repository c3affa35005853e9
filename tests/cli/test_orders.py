"""``exproxy host`` and ``exproxy server``."""

from tests.cli.process import ProcessTestCase

SERVER = {"host": "ex1", "admin": "drain", "own_admin": "drain", "host_admin": "ready", "sessions": 1, "weight": 7}


class HostTests(ProcessTestCase):
    def test_each_state_is_set_and_said(self) -> None:
        for state in ("drain", "ready", "maint"):
            self.answer = {"admin": state, "servers": ["smtp/ex1", "web/ex1"], "sessions": 3}
            result = self.run_with("host", state, "ex1")
            self.assertEqual(self.asked[-1], ("PUT", "/api/v1/hosts/ex1/state", {"state": state}))
            self.assertEqual(result.stdout, f"host ex1 is set to {state}: smtp/ex1, web/ex1\n3 sessions there now\n")

    def test_a_host_that_nobody_uses_is_said_to_be_so(self) -> None:
        self.answer = {"admin": "drain", "servers": [], "sessions": 0}
        self.assertIn("host ex1 has no servers\n", self.run_with("host", "drain", "ex1").stdout)


class ServerTests(ProcessTestCase):
    def test_a_state_is_set_and_said(self) -> None:
        self.answer = SERVER
        result = self.run_with("server", "drain", "web/ex1")
        self.assertEqual(self.asked, [("PUT", "/api/v1/backends/web/servers/ex1/state", {"state": "drain"})])
        self.assertEqual(result.stdout, "server web/ex1 is set to drain\n1 session there now\n")

    def test_who_is_stricter_is_named(self) -> None:
        self.answer = SERVER | {"own_admin": "ready", "host_admin": "drain"}
        self.assertIn(
            "is set to ready, but it is in drain: its host ex1 says so", self.run_with("server", "ready", "web/ex1").stdout
        )
        self.answer = SERVER | {"own_admin": "ready"}
        self.assertIn("its agent says so", self.run_with("server", "ready", "web/ex1").stdout)

    def test_a_weight_is_changed(self) -> None:
        self.answer = SERVER
        self.assertEqual(self.run_with("server", "weight", "web/ex1", "7").stdout, "server web/ex1 has weight 7\n")
        self.assertEqual(self.asked, [("PUT", "/api/v1/backends/web/servers/ex1/weight", {"weight": 7})])

    def test_a_weight_that_is_none_is_not_even_sent(self) -> None:
        result = self.run_with("server", "weight", "web/ex1", "999")
        self.assertEqual((result.exit_code, self.asked), (2, []))
        self.assertIn("0<=x<=256", result.stderr)

    def test_a_server_has_a_back_end(self) -> None:
        for word in ("ex1", "/ex1", "web/"):
            result = self.run_with("server", "drain", word)
            self.assertEqual((result.exit_code, self.asked), (2, []))
            self.assertIn("write BACKEND/SERVER, such as smtp/ex1", result.stderr)

    def test_sessions_are_ended_after_a_question(self) -> None:
        self.answer = {"ended": 2}
        self.assertEqual(self.run_with("server", "end-sessions", "web/ex1", input="n\n").exit_code, 1)
        self.assertEqual(self.asked, [])
        self.assertIn("2 sessions of web/ex1 told to end", self.run_with("server", "end-sessions", "web/ex1", "--yes").stdout)
        self.assertEqual(self.asked, [("POST", "/api/v1/backends/web/servers/ex1/end-sessions", {})])
