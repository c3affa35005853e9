"""Mode ``http`` of a configuration."""

from pathlib import Path

from exproxy.config import model
from exproxy.proxy.web.website import Website
from exproxy.site.web import claims, install, rules
from tests.proxy.web.webstage import GET, OK, WebStage, get

NOTHING = model.Headers()


class InstallTests(WebStage):
    def install(
        self,
        web: model.Web,
        default: bool = True,
        request: model.Headers = NOTHING,
        response: model.Headers = NOTHING,
        **timeouts: float,
    ) -> Website:
        backend = self.backend()
        backend.request_rules, backend.response_rules = rules(request), rules(response)
        frontend = self.open(backend if default else None, name="web")
        said = model.Frontend("web", "http", (), "hub", timeouts=model.Timeouts(**timeouts))
        return install(frontend, said, web, {"hub": backend}, claims({}))

    def test_requests_go_where_the_configuration_says(self) -> None:
        route = model.WebRoute("hub", None, ("mail.example.com",), ("/ews",), ("GET",), (("x-a", "*"), ("x-b", "2")))
        self.install(model.Web((route,)), default=False)
        client = self.asks(get("/ews", "X-A: 1", "X-B: 2"))
        self.reply(OK)
        self.assertEqual(client.data, OK)
        self.assertIn(b" 503 ", self.asks(get("/ews", "X-A: 1", "X-B: 3")).data)

    def test_what_no_route_takes_goes_to_the_front_ends_back_end(self) -> None:
        self.install(model.Web())
        self.asks(GET)
        self.assertIn(b"GET / ", self.got("one")[0])

    def test_redirects(self) -> None:
        to = (
            model.WebRoute(redirect=model.Redirect("/owa", 301), paths=("=/",)),
            model.WebRoute(redirect=model.Redirect("https")),
        )
        self.install(model.Web(to))
        self.assertIn(b" 301 ", self.asks(GET).data)
        self.assertIn(b"Location: https://mail.example.com/x\r\n", self.asks(get("/x")).data)

    def test_servers_are_told_what_it_says_and_no_more(self) -> None:
        self.install(model.Web(forwarded=("x-forwarded-proto",)))
        self.asks(GET)
        self.assertEqual(self.got("one"), [GET[:-2] + b"X-Forwarded-Proto: http\r\n\r\n"])

    def test_to_https_on_another_port(self) -> None:
        self.install(model.Web((model.WebRoute(redirect=model.Redirect("https", port=8443)),)))
        self.assertIn(b"Location: https://mail.example.com:8443/\r\n", self.asks(GET).data)

    def test_headers_are_set_as_front_end_and_back_end_say(self) -> None:
        self.install(
            model.Web(
                forwarded=(),
                request_headers=model.Headers((("X-A", "front"), ("X-B", "{source}"))),
                response_headers=model.Headers((("X-A", "front"),), remove=("Server",)),
            ),
            request=model.Headers((("X-A", "back"),)),
            response=model.Headers((("X-A", "back"),), (("X-C", "1"),)),
        )
        client = self.asks(GET)
        self.assertEqual(self.got("one"), [GET[:-2] + b"X-B: 127.0.0.1\r\nX-A: back\r\n\r\n"])
        self.reply(OK[:-4] + b"Server: IIS\r\n\r\nok")
        self.assertEqual(client.data, OK[:-4] + b"X-C: 1\r\nX-A: front\r\n\r\nok")

    def test_pages_are_its_own_and_have_its_headers(self) -> None:
        page = model.Page(503, Path("x.txt"), "text/plain", b"later")
        self.install(model.Web(pages=(page,), response_headers=model.Headers((("X-A", "1"),))), default=False)
        answer = self.asks(GET).data
        self.assertTrue(answer.endswith(b"\r\nX-A: 1\r\nConnection: close\r\n\r\nlater"), answer)
        self.assertIn(b"Content-Type: text/plain\r\nContent-Length: 5\r\n", answer)

    def test_times_and_sizes_are_its_own(self) -> None:
        website = self.install(model.Web(max_body=7), http_request=1.0, http_keep_alive=2.0, tunnel=3.0)
        found = (website.request_timeout, website.keep_alive_timeout, website.tunnel_timeout, website.max_body)
        self.assertEqual(found, (1.0, 2.0, 3.0, 7))
