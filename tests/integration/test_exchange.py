"""The template where TLS ends here: each virtual directory is a service, in front of two nginx that answer as Exchange does."""

import base64
import shutil
import ssl
from pathlib import Path

import attrs
import trustme

from tests.integration.asker import ENOUGH, Asker
from tests.integration.clients import curl, exproxy
from tests.integration.peers import needs
from tests.integration.peers.certificates import write_authority, write_certificate
from tests.integration.peers.clientaccess import NAMES, ClientAccess
from tests.integration.peers.nginx import DIRECTORIES, NEEDS
from tests.integration.peers.ports import free_port
from tests.integration.peers.process import PeerTestCase
from tests.integration.peers.waiting import eventually
from tests.integration.proxy import ADMIN, Proxy

FRONT, FIRST, SECOND = "127.0.70.1", "127.0.70.2", "127.0.70.3"
BACKENDS = {"Microsoft-Server-ActiveSync": "eas"} | {
    name: name.lower() for name in DIRECTORIES if name != "Microsoft-Server-ActiveSync"
}
"""Virtual directory -> back end."""

TEMPLATE = """
[service]
workers = {workers}
log = {{ access = "access.log" }}
[exchange]
version = "{version}"
listen = {listen}
servers = {{ ex1 = "{first}", ex2 = "{second}" }}
services = ["https"]
ports = {{ https = {port}, http = {redirect} }}
tls = {{ certificates = ["mail.pem"] }}
"""
BRIDGED = "server_ports = {{ https = {behind} }}\n"
SUDDEN = "".join(f'[backends.{name}]\nslow_start = "0s"\n' for name in ("ews", "mapi"))
"""A server that is back gets its share at once."""


class TemplateTestCase(PeerTestCase):
    """Two servers with one certificate, which is ours too, unless a test says otherwise."""

    version = "2016"
    workers = 1
    ours: trustme.LeafCert
    theirs: trustme.LeafCert

    def setUp(self) -> None:
        super().setUp()
        needs.require(*NEEDS, needs.CURL)
        self.authority = trustme.CA()
        self.ours = self.theirs = self.authority.issue_cert(*NAMES)
        self.behind, self.plain = free_port(FIRST, SECOND), free_port(FIRST, SECOND)
        self.port, self.redirect = free_port(FRONT), free_port(FRONT)
        self.client = Asker(self.authority, self.port, FRONT)

    def serve(self, protocols: str = "TLSv1.2 TLSv1.3") -> None:
        """Run the servers."""
        places = {"ex1": FIRST, "ex2": SECOND}
        self.first, self.second = (
            ClientAccess(name, host, self.behind, self.authority, identity=self.theirs, plain=self.plain, protocols=protocols)
            for name, host in places.items()
        )
        self.started(self.first, self.second)

    def prepare(self, more: str = "", template: str = TEMPLATE + BRIDGED, listen: str = f'"{FRONT}"') -> Proxy:
        """A proxy that is not started, with its files."""
        values = {"workers": self.workers, "version": self.version, "listen": listen, "first": FIRST, "second": SECOND}
        values |= {"port": self.port, "redirect": self.redirect, "behind": self.behind, "plain": self.plain}
        self.proxy = Proxy("proxy", FRONT, self.port, (template + more).format(**values) + ADMIN)
        write_certificate(Path(self.proxy.folder) / "mail.pem", self.ours)
        write_authority(Path(self.proxy.folder), self.authority)
        return self.proxy

    def balance(self, more: str = "", template: str = TEMPLATE + BRIDGED, listen: str = f'"{FRONT}"') -> None:
        """Run servers and proxy."""
        self.serve()
        self.started(self.prepare(more, template, listen))
        self.addCleanup(self.proxy.end)

    def wait_until_up(self, *directories: str) -> None:
        for directory in directories or DIRECTORIES:
            for server in ("ex1", "ex2"):
                self.proxy.wait_until(f"{BACKENDS[directory]}/{server}", "up")
        self.proxy.wait_for_workers()

    def check(self, *options: str) -> tuple[int, str]:
        """``exproxy config check`` of the proxy's file."""
        self.proxy.prepare()
        return exproxy("config", "check", *options, str(self.proxy.file))


class DirectoryTests(TemplateTestCase):
    """What Microsoft recommends: a server is in or out for each directory by itself."""

    def test_a_directory_that_is_ill_on_one_server_moves_alone_and_comes_back(self) -> None:
        self.balance(SUDDEN)
        self.wait_until_up()
        for directory in DIRECTORIES:
            self.assertEqual(self.client.reached(directory), {"ex1", "ex2"}, directory)
        before = self.proxy.written()
        self.second.fail("ews")
        sentence = self.proxy.wait_until("ews/ex2", "down", before)
        self.assertIn("GET /ews/healthcheck.htm said 503", sentence)
        self.proxy.wait_for_workers()
        self.assertEqual(self.client.reached("EWS"), {"ex1"})
        for directory in DIRECTORIES:
            if directory != "EWS":
                self.assertEqual(self.client.reached(directory), {"ex1", "ex2"}, directory)
        self.assertNotRegex(self.proxy.logged()[before:], r"(?<!ews)/ex[12]: .*; down")
        before = self.proxy.written()
        self.second.fail()
        self.proxy.wait_until("ews/ex2", "up", before)
        eventually(lambda: self.client.reached("EWS") == {"ex1", "ex2"}, "both servers to have clients of EWS")


class TwoWorkersDirectoryTests(DirectoryTests):
    workers = 2


class BridgingTests(TemplateTestCase):
    def test_people_are_led_to_owa_and_paths_to_their_directories(self) -> None:
        self.balance()
        self.wait_until_up("owa", "ecp", "mapi")
        answer = self.client.ask("/")
        self.assertEqual((answer.status, answer.headers["Location"]), (302, "/owa"))
        for path, directory in (("/owa/../ecp/", "ecp"), ("/%4dAPI/emsmdb", "mapi"), ("/OWA", "owa")):
            self.assertEqual(self.client.words(path)[1].lower(), directory)
        self.assertEqual(self.client.status("/favicon.ico"), 404)
        located = ("-o", "/dev/null", "-w", "%{http_code} %{redirect_url}")
        url = f"http://{FRONT}:{self.redirect}/autodiscover/autodiscover.xml"
        self.assertEqual(curl(self.first, *located, url), f"302 https://{FRONT}/autodiscover/autodiscover.xml")

    def test_servers_are_told_who_the_client_is_and_that_it_spoke_tls(self) -> None:
        self.balance()
        self.wait_until_up("owa")
        words = self.client.words("/owa/", **{"X-Forwarded-For": "10.1.1.1", "Front-End-Https": "off"})
        self.assertEqual(words[1:], ["owa", f"{NAMES[0]}:{self.port}", "proto=https", "https=on", "for=127.0.0.1"])

    def test_a_certificate_that_is_renewed_on_one_side_first_serves(self) -> None:
        self.theirs = self.authority.issue_cert(*NAMES)
        self.balance('server_tls = {{ ca = "authority.pem" }}\n')
        self.wait_until_up("owa")
        self.assertEqual(self.client.reached("owa"), {"ex1", "ex2"})

    def test_servers_whose_certificate_proves_nothing_get_nobody_and_the_log_says_what_to_look_at(self) -> None:
        self.theirs = trustme.CA().issue_cert(*NAMES)
        self.balance()
        sentence = self.proxy.wait_until("owa/ex1", "down")
        self.assertIn("the server's certificate is refused: it is not the one that clients see here, and ", sentence)
        self.proxy.wait_until("owa/ex2", "down")
        self.assertEqual(self.client.status("/owa/"), 503)

    def test_a_certificate_for_another_name_is_refused_though_it_is_trusted(self) -> None:
        self.theirs = self.authority.issue_cert("ex.corp.local")
        self.balance('server_tls = {{ ca = "authority.pem" }}\n')
        self.assertIn("it is for ex.corp.local, not for mail.example.com", self.proxy.wait_until("owa/ex1", "down"))

    def test_sessions_refuse_what_checks_would(self) -> None:
        self.theirs = trustme.CA().issue_cert(*NAMES)
        self.balance('[backends.owa]\ncheck = "off"\nretries = 0\n')
        self.assertEqual(self.client.status("/owa/"), 503)
        self.assertEqual([line for line in self.first.asked() if "/owa" in line], [])

    def test_verification_is_off_where_the_file_says_so(self) -> None:
        self.theirs = trustme.CA().issue_cert("whatever.example.net")
        self.balance("server_tls = {{ verify = false }}\n")
        self.wait_until_up("owa")
        self.assertEqual(self.client.reached("owa"), {"ex1", "ex2"})

    def test_another_name_and_authority_may_be_said(self) -> None:
        self.theirs = self.authority.issue_cert("ex.corp.local")
        self.balance('server_tls = {{ verify = true, ca = "authority.pem", name = "ex.corp.local" }}\n')
        self.wait_until_up("owa")
        self.assertEqual(self.client.reached("owa"), {"ex1", "ex2"})


class AdministrationTests(TemplateTestCase):
    def test_it_is_reached_from_inside_alone(self) -> None:
        self.balance('admin_from = ["127.0.70.8/29"]\n')
        self.wait_until_up()
        inside, outside = (attrs.evolve(self.client, source=source) for source in ("127.0.70.9", "127.0.70.99"))
        for path in ("/ecp/", "/%65cp/", "/owa/../ECP/", "//powershell"):
            self.assertEqual((inside.status(path), outside.status(path)), (200, 403), path)
        self.assertEqual((inside.status("/owa/"), outside.status("/owa/")), (200, 200))


class OffloadTests(TemplateTestCase):
    template = TEMPLATE + 'https = "offload"\nextended_protection = false\nserver_ports = {{ http = {plain} }}\n'

    def test_servers_are_reached_in_clear_and_told_that_clients_were_not(self) -> None:
        self.balance(SUDDEN, template=self.template)
        self.wait_until_up()
        words = self.client.words("/owa/")
        self.assertEqual(words[1:], ["owa", f"{NAMES[0]}:{self.port}", "proto=https", "https=on", "for=127.0.0.1"])
        before = self.proxy.written()
        self.second.fail("mapi")
        self.proxy.wait_until("mapi/ex2", "down", before)
        self.assertEqual((self.client.reached("mapi"), self.client.reached("owa")), ({"ex1"}, {"ex1", "ex2"}))


class LayoutTests(TemplateTestCase):
    """Several names with one address, and several addresses with one back end."""

    def test_each_name_has_its_certificate_on_one_address(self) -> None:
        more = 'server_tls = {{ ca = "authority.pem" }}\n'
        template = TEMPLATE.replace('["mail.pem"]', '["mail.pem", "autodiscover.pem"]') + BRIDGED
        self.ours = self.authority.issue_cert(NAMES[0])
        self.serve()
        autodiscover = self.authority.issue_cert(NAMES[1])
        write_certificate(Path(self.prepare(more, template).folder) / "autodiscover.pem", autodiscover)
        self.started(self.proxy)
        self.addCleanup(self.proxy.end)
        self.wait_until_up("owa", "Autodiscover")
        for name, identity in zip(NAMES, (self.ours, autodiscover), strict=True):
            with self.client.connected(name) as connection:
                shown = connection.getpeercert(binary_form=True) or b""
            self.assertEqual(ssl.DER_cert_to_PEM_cert(shown), identity.cert_chain_pems[0].bytes().decode())
        self.assertEqual(self.client.words("/Autodiscover/", NAMES[1])[1:3], ["Autodiscover", f"{NAMES[1]}:{self.port}"])

    def test_each_service_has_its_address_and_all_one_back_end(self) -> None:
        fronts = [f"127.0.70.{last}" for last in range(5, 10)]
        self.port, self.redirect = free_port(*fronts), free_port(*fronts)
        self.balance(listen=str(fronts))
        self.wait_until_up("owa", "EWS", "Autodiscover", "Microsoft-Server-ActiveSync", "Rpc")
        for front, directory in zip(fronts, ("owa", "EWS", "Autodiscover", "Microsoft-Server-ActiveSync", "Rpc"), strict=True):
            self.assertEqual(Asker(self.authority, self.port, front).reached(directory), {"ex1", "ex2"}, front)


class OldServersTests(TemplateTestCase):
    version = "2010"

    def test_servers_that_speak_tls_1_0_are_reached(self) -> None:
        self.serve(protocols="TLSv1")
        self.started(self.prepare())
        self.addCleanup(self.proxy.end)
        self.wait_until_up("owa", "EWS", "Rpc")
        self.assertIn(self.client.words("/owa/")[0], {"ex1", "ex2"})

    def test_clients_stay_a_person_by_cookie_a_phone_by_user_and_outlook_anywhere_by_address(
        self,
    ) -> None:
        self.balance()
        self.wait_until_up("owa", "ecp", "Microsoft-Server-ActiveSync", "Rpc", "OAB")
        reached = set()
        for _ in range(ENOUGH):
            answer = self.client.ask("/owa/")
            cookie = answer.headers["Set-Cookie"].partition(";")[0]
            server = self.client.spoken(answer)[0]
            self.assertEqual({self.client.words(path, Cookie=cookie)[0] for path in ("/ecp/", "/owa/", "/ecp/x")}, {server})
            reached.add(server)
        self.assertEqual(reached, {"ex1", "ex2"})
        phones: dict[str, set[str]] = {}
        for user in [f"user-{number}" for number in range(ENOUGH)] * 2:
            said = base64.b64encode(f"CONTOSO\\{user}:secret".encode()).decode()
            phones.setdefault(user, set()).add(
                self.client.words("/Microsoft-Server-ActiveSync", Authorization=f"Basic {said}")[0]
            )
        self.assertEqual({len(servers) for servers in phones.values()}, {1})
        self.assertEqual(set().union(*phones.values()), {"ex1", "ex2"})
        self.assertEqual(len(self.client.reached("Rpc")), 1)
        self.assertEqual(self.client.reached("OAB"), {"ex1", "ex2"})


class TwoWorkersOldServersTests(OldServersTests):
    workers = 2


WARNING = r"/{}: warning: the server's certificate .* OWA works while Outlook and phones fail"


class ProtectionTests(TemplateTestCase):
    """Extended Protection, which 2019 has by default."""

    version = "2019"
    trusted = 'server_tls = {{ ca = "authority.pem" }}\n'

    def other(self) -> None:
        """Servers with another certificate, on which people may rely all the same."""
        self.theirs = self.authority.issue_cert(*NAMES)

    def test_one_certificate_everywhere_is_fine(self) -> None:
        self.serve()
        self.prepare()
        status, said = self.check("--connect")
        self.assertEqual(status, 0, said)
        self.assertIn("20 checks run, and all that are required passed", said)
        self.assertIn("Exchange 2019 has Extended Protection by default since CU14: the certificate has to be the same", said)

    def test_another_one_is_an_error_before_anything_runs(self) -> None:
        self.other()
        self.serve()
        self.prepare(self.trusted)
        status, said = self.check("--connect")
        self.assertEqual(status, 1, said)
        self.assertRegex(said, r"owa/ex1 https: L7OKD .* is not the one that clients see here \(.*mail\.pem\)")
        self.assertIn("with Extended Protection, OWA works while Outlook and phones fail", said)

    def test_where_nobody_knows_whether_it_is_on_it_is_a_warning(self) -> None:
        self.version = "2016"
        self.other()
        self.serve()
        self.prepare(self.trusted)
        status, said = self.check("--connect")
        self.assertEqual(status, 0, said)
        self.assertIn("owa/ex1 https: warning: the server's certificate", said)

    def test_where_it_is_said_to_be_off_nothing_is_said(self) -> None:
        self.other()
        self.serve()
        self.prepare(self.trusted + "extended_protection = false\n")
        status, said = self.check("--connect")
        self.assertEqual(status, 0, said)
        self.assertNotIn("Outlook", said)

    def test_offload_is_refused(self) -> None:
        self.prepare('https = "offload"\n', TEMPLATE)
        status, said = self.check()
        self.assertEqual(status, 1, said)
        self.assertIn("Exchange 2019 has Extended Protection by default since CU14, which knows no offload", said)

    def test_the_log_warns_once_for_each_host(self) -> None:
        self.other()
        self.balance(self.trusted)
        for server in ("ex1", "ex2"):
            self.proxy.wait_for_log(WARNING.format(server))
        self.wait_until_up()
        self.assertEqual(self.client.reached("mapi"), {"ex1", "ex2"}, "it is a warning, and OWA works")
        self.assertEqual(self.proxy.logged().count("Outlook and phones fail"), 2)


class RenewalTests(TemplateTestCase):
    version = "2019"

    def test_a_certificate_that_is_renewed_here_alone_is_warned_of(self) -> None:
        self.balance(ProtectionTests.trusted)
        self.wait_until_up("owa", "mapi")
        self.assertNotIn("Outlook and phones fail", self.proxy.logged())
        new = write_certificate(Path(self.proxy.folder) / "new.pem", self.authority.issue_cert(*NAMES))
        shutil.move(new, Path(self.proxy.folder) / "mail.pem")
        for server in ("ex1", "ex2"):
            self.proxy.wait_for_log(WARNING.format(server))


class TwoWorkersRenewalTests(RenewalTests):
    """The master checks, and so it has to see what is renewed."""

    workers = 2
