from exproxy.admin.answers import RefusedError
from exproxy.admin.routes import find
from tests.admin.stage import AdminStage


class FindTests(AdminStage):
    def found(self, method: str, path: str) -> tuple[str, dict[str, str]]:
        route, names = find(self.api.routes(), method, tuple(path.strip("/").split("/")))
        return route.template, names

    def test_names_in_a_path_are_found(self) -> None:
        template, names = self.found("PUT", "/api/v1/backends/web/servers/ex1/state")
        self.assertEqual(
            (template, names), ("/api/v1/backends/{backend}/servers/{server}/state", {"backend": "web", "server": "ex1"})
        )

    def test_head_is_like_get(self) -> None:
        self.assertEqual(self.found("HEAD", "/healthz"), ("/healthz", {}))

    def test_what_is_not_there_is_404(self) -> None:
        for path in ("/", "/api/v1", "/api/v1/hosts/ex1/state/now", "/healthz/x"):
            self.assertEqual(self.assertRaises(RefusedError, self.found, "GET", path).status, 404)

    def test_what_cannot_be_done_is_405_with_what_can(self) -> None:
        for method, path, allowed in (
            ("DELETE", "/api/v1/hosts/ex1", "GET, HEAD"),
            ("GET", "/api/v1/hosts/ex1/state", "PUT"),
            ("POST", "/healthz", "GET, HEAD"),
        ):
            error = self.assertRaises(RefusedError, self.found, method, path)
            self.assertEqual((error.status, error.headers), (405, (("Allow", allowed),)))
