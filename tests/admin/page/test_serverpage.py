from attrs import evolve

from exproxy.pool import CheckResult
from tests.admin.page.stage import HOSTILE, PageStage
from tests.admin.stage import certificate
from tests.pool.support import CHECK, fail


class ServerPageTests(PageStage):
    def test_what_is_known_of_a_server_stands_there(self) -> None:
        self.sources.shown = {CHECK.name: certificate()}
        text = self.page("/servers/smtp/ex1").text
        for word in ("up", "ready", "CN=ex1", "2030-01-01", "192.0.2.1:1", "starting → up", "History", "Checks"):
            self.assertIn(word, text)

    def test_what_a_server_said_is_only_text(self) -> None:
        server = self.server("smtp/ex1")
        result = CheckResult(False, status="L7STS", text=HOSTILE, line=HOSTILE, warnings=(HOSTILE,))
        for _ in range(3):
            server.observe(CHECK.name, result, 1000.0)
        page = self.page("/servers/smtp/ex1")
        self.assertGreaterEqual(page.text.count("alert('x')"), 4)
        self.assertEqual(len(page.all("script")), 2)

    def test_a_server_that_is_down_says_why(self) -> None:
        fail(self.server("web/ex2"))
        self.assertIn("is down", self.page("/servers/web/ex2").text)

    def test_one_that_is_not_there_is_not_found(self) -> None:
        self.assertEqual(self.get("/servers/web/ex3").status, 404)

    def test_its_agent_and_its_mapper_are_told_of(self) -> None:
        view = evolve(
            self.overview.server(self.server("web/ex1")), agent_text="50%", interface="emsmdb", port=None, port_error="no answer"
        )
        self.patch(self.overview, "server", lambda server: view)
        text = self.page("/servers/web/ex1").text
        for word in ("Its agent says", "50%", "the port of emsmdb as its endpoint mapper tells it", "no answer"):
            self.assertIn(word, text)
