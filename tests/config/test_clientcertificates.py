"""What a front end says of its clients' certificates."""

from exproxy.config.model import CLIENT_HEADERS, ClientCertificates
from exproxy.config.show import show
from tests.config.support import ConfigTestCase

SITE = """
[frontends.web]
mode = "{mode}"
bind = {bind}
backend = "web"
tls = {{ mode = "implicit", certificates = "a.pem"{front} }}
[backends.web.servers]
a = "10.0.0.1:80"
"""


class ClientCertificatesTests(ConfigTestCase):
    def setUp(self) -> None:
        super().setUp()
        for name in ("a.pem", "ca.pem", "crl.pem"):
            self.write("", name)

    def text(self, said: str = "", mode: str = "http", bind: str = '":443"') -> str:
        return SITE.format(mode=mode, bind=bind, front=f", client_certificates = {said}" if said else "")

    def clients(self, said: str = "", mode: str = "http", bind: str = '":443"') -> ClientCertificates | None:
        configuration = self.load(self.text(said, mode, bind))
        self.assertEqual(self.load(show(configuration)), configuration)
        tls = configuration.frontends["web"].binds[-1].tls
        assert tls is not None
        return tls.client_certificates

    def test_a_string_is_the_authorities_and_then_one_is_required(self) -> None:
        wanted = ClientCertificates(self.folder / "ca.pem", "required", None, CLIENT_HEADERS)
        self.assertEqual(self.clients('"ca.pem"'), wanted)
        self.assertIsNone(self.clients())

    def test_all_there_is(self) -> None:
        said = '{ ca = "ca.pem", crl = "crl.pem", verify = "optional", headers = { X-ARR-ClientCert = "der", X-Who = "name" } }'
        headers = (("X-ARR-ClientCert", "der"), ("X-Who", "name"))
        files = self.folder / "ca.pem", "optional", self.folder / "crl.pem"
        self.assertEqual(self.clients(said), ClientCertificates(*files, headers))  # type: ignore[arg-type]  # as they are

    def test_no_headers_are_none(self) -> None:
        clients = self.clients('{ ca = "ca.pem", headers = {} }')
        assert clients is not None
        self.assertEqual(clients.headers, ())

    def test_a_bind_may_be_without(self) -> None:
        bind = '{ address = ":443", tls = { client_certificates = { verify = "none" } } }'
        self.assertIsNone(self.clients('"ca.pem"', bind=bind))

    def test_mode_tcp_has_no_headers(self) -> None:
        clients = self.clients('"ca.pem"', "tcp")
        assert clients is not None
        self.assertEqual(clients.headers, ())
        (problem,) = self.problems(self.text('{ ca = "ca.pem", headers = {} }', "tcp"))
        self.assertIn('client_certificates.headers: this belongs to mode = "http"', problem)

    def test_mistakes(self) -> None:
        for said, words in (
            ("{}", "client_certificates: ca is missing"),
            ('"none.pem"', 'client_certificates.ca: there is no file "none.pem"'),
            ('{ ca = "ca.pem", crl = "none.pem" }', 'client_certificates.crl: there is no file "none.pem"'),
            ('{ ca = "ca.pem", verify = "maybe" }', 'client_certificates.verify: "maybe"'),
            ('{ ca = "ca.pem", headers = { X-A = "subjekt" } }', 'client_certificates.headers.X-A: "subjekt"'),
            ('{ ca = "ca.pem", headers = { "X A" = "subject" } }', 'headers."X A": "X A" is not the name of a header'),
            ('{ ca = "ca.pem", headers = { Content_Length = "serial" } }', "headers.Content_Length: Content_Length has another"),
            ('{ ca = "ca.pem", headers = { X-Forwarded-For = "name" } }', "headers.X-Forwarded-For: X-Forwarded-For has another"),
            ('{ ca = "ca.pem", headers = { a-b-c-d-e-f-g-h-i-j = "name" } }', "a-b-c-d-e-f-g-h-i-j has more than 8 hyphens"),
        ):
            found = self.problems(self.text(said))
            self.assertEqual(len(found), 1, found)
            self.assertIn(words, found[0])

    def test_servers_are_told_the_same_whichever_way_a_client_comes(self) -> None:
        bind = '[":443", { address = ":444", tls = { client_certificates = { ca = "ca.pem", headers = { X-Who = "name" } } } }]'
        (problem,) = self.problems(self.text('"ca.pem"', bind=bind))
        self.assertIn("frontends.web.bind: the binds tell servers about client certificates in different headers", problem)
