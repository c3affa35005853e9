"""The API is what ``openapi.json`` says, and that is all that it is."""

import base64
import json
from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator
from twisted.internet.defer import fail as fail_later
from twisted.internet.defer import succeed

from exproxy.admin.answers import Answer
from exproxy.admin.attempts import EACH
from exproxy.admin.entrance import Entrance
from exproxy.admin.logins import Account, Logins
from exproxy.admin.overview import RECENT
from exproxy.admin.reloading import NotReloadedError
from exproxy.admin.routes import Route
from exproxy.pool import Admin
from tests.admin.stage import AdminStage, certificate
from tests.pool.support import fail

SERVER = "/api/v1/backends/web/servers/ex1"
ORDERS: dict[str, tuple[str, object]] = {
    "/api/v1/backends/{backend}/servers/{server}/state": ("PUT", {"state": "drain"}),
    "/api/v1/backends/{backend}/servers/{server}/weight": ("PUT", {"weight": 3}),
    "/api/v1/backends/{backend}/servers/{server}/end-sessions": ("POST", {}),
    "/api/v1/hosts/{host}/state": ("PUT", {"state": "maint"}),
    "/api/v1/sessions/{session}/end": ("POST", {}),
    "/api/v1/tables/{table}/clear": ("POST", {}),
    "/api/v1/reload": ("POST", {}),
    "/api/v1/login": ("POST", {"user": "anna", "password": "secret"}),
    "/api/v1/logout": ("POST", {}),
}
NAMES = {"backend": "web", "server": "ex1", "host": "ex1", "table": "smtp", "frontend": "mail", "session": "a1"}
QUERIES = {
    ("/api/v1/sessions", 404): {"server": "web/nothing"},
    ("/api/v1/series", 404): {"of": "backend/nothing"},
    ("/api/v1/series", 200): {"of": "server/web/ex1"},
}


class Password:
    def matches(self, password: str) -> bool:
        return password == "secret"


class DescribedTests(AdminStage):
    maxDiff = None

    def setUp(self) -> None:
        super().setUp()
        self.sources.shown = {"smtp": certificate()}
        self.described = json.loads(self.ask(self.application(), "GET", "/api/v1/openapi.json").body)

    def routes(self) -> tuple[Route, ...]:
        return (*self.api.routes(), *Entrance(self.logins()).api())

    def operations(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        for template, methods in self.described["paths"].items():
            for method, operation in methods.items():
                yield method.upper(), template, operation

    def test_every_route_is_described_and_nothing_else_is(self) -> None:
        said = {
            (method, template): {int(s) for s in operation["responses"] if s != "default"}
            for method, template, operation in self.operations()
        }
        self.assertEqual(said, {(route.method, route.template): set(route.answers) for route in self.routes()})

    def test_who_has_to_log_in_is_described(self) -> None:
        said = {(method, template): bool(operation["security"]) for method, template, operation in self.operations()}
        self.assertEqual(said, {(route.method, route.template): route.demand != "nothing" for route in self.routes()})

    def test_who_has_a_session_needs_the_token_to_change_anything(self) -> None:
        for method, template, operation in self.operations():
            if operation["security"]:
                token: dict[str, list[str]] = {} if method == "GET" else {"token": []}
                self.assertEqual(operation["security"], [{"basic": []}, {"session": []} | token], template)

    def test_every_name_in_a_path_is_a_parameter(self) -> None:
        for method, template, operation in self.operations():
            names = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "path"}
            self.assertEqual(
                names, {part.strip("{}") for part in template.split("/") if part.startswith("{")}, (method, template)
            )

    def test_every_answer_that_is_described_is_given_and_is_as_described(self) -> None:
        """Each status of each operation is brought about, and its body held against the schema."""
        for method, template, operation in self.operations():
            statuses = {int(status) for status in operation["responses"] if status != "default"}
            for status in sorted(statuses):
                answer = self.bring_about(method, template, status)
                self.assertEqual(answer.status, status, (method, template, answer.body))
                self.assertDescribed(operation["responses"][str(status)], answer)

    def assertDescribed(self, response: dict[str, Any], answer: Answer) -> None:
        (kind,) = response["content"]
        self.assertEqual(answer.kind.partition(";")[0], kind)
        if kind == "application/json":
            schema = {**response["content"][kind]["schema"], "components": self.described["components"]}
            Draft202012Validator(schema).validate(json.loads(answer.body))

    def test_a_body_is_described_where_one_is_wanted(self) -> None:
        wanted = {template: body for template, (_, body) in ORDERS.items()}
        for _, template, operation in self.operations():
            self.assertEqual("requestBody" in operation, template in wanted, template)
            if template in wanted:
                Draft202012Validator(operation["requestBody"]["content"]["application/json"]["schema"]).validate(wanted[template])

    def bring_about(self, method: str, template: str, status: int) -> Answer:
        logins = Logins(
            self.clock,
            {name: Account(Password(), role) for name, role in (("anna", "operator"), ("otto", "viewer"))},
            lambda call: succeed(call()),
        )
        body = ORDERS[template][1] if template in ORDERS else None
        self.reloads = [succeed(("table cas was changed",))]
        names = {name: "nothing" if status == 404 else word for name, word in NAMES.items()}
        values: dict[str, Any] = {"user": None, "address": "192.0.2.1", "authorization": _basic("anna")}
        values["query"] = QUERIES.get((template, status), {})
        application = self.application(None if status == 421 else logins)
        if status == 401:
            values["authorization"] = None
            body = body if template != "/api/v1/login" else {"user": "anna", "password": "wrong"}
        elif status == 403:
            mine = template in ("/api/v1/login", "/api/v1/logout")
            values |= {"origin": "https://other.example"} if mine else {"authorization": _basic("otto")}
        elif status == 421:
            values["host"] = "exproxy.attacker.example"
        elif status == 400:
            values |= {"body": b"{", "kind": "application/json"}
            body = None
        elif status == 415:
            values["kind"] = "text/plain"
        elif status == 422 and method == "GET":
            values["query"] = {"limit": "many", "of": "everything"}
        elif status == 422:
            body = {"other": 1}
        elif status == 429:
            return self.too_often(method, template.format(**names))
        elif status == 503:
            fail(self.server("web/ex1"))
            fail(self.server("web/ex2"))
            self.clock.advance(RECENT)
        elif status == 413:
            return Answer(413, b'{"error": "the body is larger than 64 KB"}')  # the door's: tests/admin/test_door.py
        return self.ask(application, method, template.format(**names), body, **values)

    def too_often(self, method: str, path: str) -> Answer:
        """Of a wrong password, which all that is not for everybody may be refused for."""
        logins = Logins(self.clock, {"anna": Account(Password(), "operator")}, lambda call: succeed(call()))
        application = self.application(logins)
        wrong = b"Basic " + base64.b64encode(b"anna:wrong")
        order = {"user": "anna", "password": "wrong"} if path == "/api/v1/login" else None
        answers = [self.ask(application, method, path, order, user=None, authorization=wrong) for _ in range(EACH + 1)]
        return answers[-1]


class DoneTests(AdminStage):
    """What is asked for is done, and the answer shows it."""

    def order(self, method: str, path: str, body: object) -> Any:
        answer = self.ask(self.application(), method, path, body)
        self.assertEqual(answer.status, 200)
        return json.loads(answer.body)

    def test_a_host_is_set(self) -> None:
        self.assertEqual(self.order("PUT", "/api/v1/hosts/ex1/state", {"state": "maint"})["admin"], "maint")
        self.assertEqual(self.server("web/ex1").admin, Admin.MAINT)

    def test_a_server_is_set(self) -> None:
        self.assertEqual(self.order("PUT", SERVER + "/state", {"state": "drain"})["admin"], "drain")
        self.assertEqual(self.server("web/ex1").own_admin, Admin.DRAIN)

    def test_a_weight_is_changed(self) -> None:
        self.assertEqual(self.order("PUT", SERVER + "/weight", {"weight": 0})["weight"], 0)

    def test_sessions_are_ended(self) -> None:
        self.assertEqual(self.order("POST", SERVER + "/end-sessions", {}), {"ended": 3})

    def test_the_configuration_is_read_anew(self) -> None:
        self.reloads.append(succeed(("server web/ex3 was added",)))
        heard = self.hear()
        said = self.order("POST", "/api/v1/reload", {})
        self.assertEqual(said, {"applied": True, "changes": ["server web/ex3 was added"]})
        self.assertEqual(heard, ["audit: uid 0 had the configuration read anew, with 1 change"])

    def test_of_one_that_cannot_be_used_all_that_is_wrong_is_told(self) -> None:
        self.reloads.append(fail_later(NotReloadedError(["site.toml:3: frontends.smtp: no", "site.toml:9: oh"])))
        heard = self.hear()
        answer = self.ask(self.application(), "POST", "/api/v1/reload", {})
        said = json.loads(answer.body)
        self.assertEqual((answer.status, said["applied"]), (422, False))
        self.assertEqual(said["problems"], ["site.toml:3: frontends.smtp: no", "site.toml:9: oh"])
        schema = {"$ref": "#/components/schemas/NotReloaded", "components": self.described()["components"]}
        Draft202012Validator(schema).validate(said)
        self.assertEqual(heard, ["audit: uid 0 wanted the configuration read anew, which cannot be used"])

    def test_an_error_of_ours_while_reloading_is_told_as_one(self) -> None:
        self.reloads.append(fail_later(RuntimeError("oh")))
        answer = self.ask(self.application(), "POST", "/api/v1/reload", {})
        self.assertEqual(answer.status, 500)
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)

    def described(self) -> Any:
        return json.loads(self.ask(self.application(), "GET", "/api/v1/openapi.json").body)

    def test_a_table_is_cleared(self) -> None:
        self.groups["smtp"].table.bind(b"\x0a\0\0\1", "ex1", 1000.0)
        self.assertEqual(self.order("POST", "/api/v1/tables/smtp/clear", {}), {"cleared": 1})

    def test_sessions_are_told_of_one_server(self) -> None:
        answer = self.ask(self.application(), "GET", "/api/v1/sessions", query={"server": "smtp/ex2"})
        self.assertEqual([one["servers"] for one in json.loads(answer.body)], [["smtp/ex2"]])

    def test_a_dialogue_is_told_with_its_lines(self) -> None:
        (said,) = json.loads(self.ask(self.application(), "GET", SERVER + "/dialogues").body)
        self.assertEqual((said["kind"], said["lines"]), ("check", ["--- connected to 10.0.0.1:25", "<<< 554 No"]))

    def test_sessions_are_told_of_one_front_end_and_of_one_client(self) -> None:
        for query, known in (
            ({"client": "192.0.2.2"}, ["a2"]),
            ({"frontend": "mail"}, ["a1", "a2"]),
            ({"frontend": "site"}, []),
            ({"limit": "1"}, ["a1"]),
        ):
            answer = self.ask(self.application(), "GET", "/api/v1/sessions", query=query)
            self.assertEqual([one["id"] for one in json.loads(answer.body)], known)

    def test_who_asks_for_what_cannot_be_is_told_so(self) -> None:
        for query, status in (({"client": "mail"}, 422), ({"frontend": "nothing"}, 404), ({"limit": "1001"}, 422)):
            self.assertEqual(self.ask(self.application(), "GET", "/api/v1/sessions", query=query).status, status)

    def test_one_session_is_ended(self) -> None:
        self.assertEqual(self.order("POST", "/api/v1/sessions/a1/end", {}), {"ended": 1})

    def test_one_entry_of_a_table_is_told_and_forgotten(self) -> None:
        for last in (1, 2):
            self.groups["smtp"].table.bind(bytes((10, 0, 0, last)), "ex1", 1000.0)
        told = json.loads(self.ask(self.application(), "GET", "/api/v1/tables/smtp", query={"key": "10.0.0.2"}).body)
        self.assertEqual([one["key"] for one in told], ["10.0.0.2"])
        self.assertEqual(self.order("POST", "/api/v1/tables/smtp/clear", {"key": "10.0.0.2"}), {"cleared": 1})
        self.assertEqual(self.order("POST", "/api/v1/tables/smtp/clear", {"key": "10.0.0.2"}), {"cleared": 0})
        self.assertEqual(len(self.groups["smtp"].table), 1)

    def test_a_key_that_is_none_is_refused(self) -> None:
        for key in (7, "somebody"):
            answer = self.ask(self.application(), "POST", "/api/v1/tables/smtp/clear", {"key": key})
            self.assertEqual(answer.status, 422)
        self.assertEqual(self.ask(self.application(), "GET", "/api/v1/tables/smtp", query={"key": "x"}).status, 422)

    def test_what_is_refused_changes_nothing(self) -> None:
        for path, body in (("/state", {"state": "off"}), ("/weight", {"weight": 999}), ("/end-sessions", {"all": True})):
            self.assertEqual(self.ask(self.application(), "POST" if "end" in path else "PUT", SERVER + path, body).status, 422)
        server = self.server("web/ex1")
        self.assertEqual((server.admin, server.weight, self.sources.ended), (Admin.READY, 1, []))


def _basic(name: str) -> bytes:
    return b"Basic " + base64.b64encode(f"{name}:secret".encode())
