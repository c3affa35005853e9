"""Profiles and certificates of the real proxy: which versions it speaks on either side, and which certificate who is shown."""

import contextlib
import socket

import trustme
from cryptography import x509
from OpenSSL import SSL

from tests.integration.crowd import Hall
from tests.integration.peers.ports import free_port
from tests.integration.peers.process import PeerTestCase
from tests.integration.peers.waiting import PATIENCE, eventually
from tests.integration.proxy import Proxy
from tests.net.tls.files import pfx_file

FRONT, SERVERS = "127.0.0.1", "127.0.0.2"
OLD = {"TLSv1": SSL.TLS1_VERSION, "TLSv1.1": SSL.TLS1_1_VERSION}
VERSIONS = {**OLD, "TLSv1.2": SSL.TLS1_2_VERSION, "TLSv1.3": SSL.TLS1_3_VERSION}
NEW = ["TLSv1.2", "TLSv1.3"]
SPOKEN = {"modern": ["TLSv1.3"], "intermediate": NEW, "mx": NEW, "legacy": list(VERSIONS)}

FRONTEND = """
[frontends.{name}]
bind = "{front}:{port}"
backend = "hall"
[frontends.{name}.tls]
mode = "implicit"
profile = "{profile}"
certificates = ["mail.pem", {{ file = "certificate.pfx", password = "word" }}]
[frontends.to-{name}]
bind = "{front}:{inward}"
backend = "to-{name}"
[backends.to-{name}]
check = "off"
retries = 0
tls = {{ mode = "implicit", profile = "{profile}", verify = false }}
servers = {{ old = "{front}:{old}" }}
"""

SITE = """
[tls.profiles.old]
min_version = "TLSv1.0"
max_version = "TLSv1.0"
[frontends.old]
bind = "{front}:{old}"
tls = {{ mode = "implicit", profile = "old", certificates = ["mail.pem"] }}
backend = "hall"
[backends.hall]
check = "off"
servers = {{ one = "{hall}" }}
"""


class CertificatesTests(PeerTestCase):
    def setUp(self) -> None:
        super().setUp()
        hall = Hall(SERVERS)
        self.addCleanup(hall.stop)
        old = free_port(FRONT)
        self.ports = {name: (free_port(FRONT), free_port(FRONT)) for name in SPOKEN}
        configuration = SITE.format(front=FRONT, old=old, hall="{}:{}".format(*hall.address))
        for name, (port, inward) in self.ports.items():
            configuration += FRONTEND.format(name=name, profile=name, front=FRONT, port=port, inward=inward, old=old)
        self.proxy = Proxy("proxy", FRONT, old, configuration)
        self.authority = trustme.CA()
        mail = self.authority.issue_cert("mail.example.com")
        mail.private_key_and_cert_chain_pem.write_to_path(str(self.proxy.folder / "mail.pem"))
        self.issue_pfx()
        self.started(self.proxy)
        self.addCleanup(self.proxy.end)

    def issue_pfx(self) -> None:
        pfx_file(str(self.proxy.folder), self.authority.issue_cert("autodiscover.example.com", "*.example.org"), "word")

    def connect(self, profile: str, version: int = SSL.TLS1_3_VERSION, name: str = "") -> SSL.Connection:
        """:raises SSL.Error: no handshake."""
        context = SSL.Context(SSL.TLS_CLIENT_METHOD)
        context.set_cipher_list(b"ALL:@SECLEVEL=0")
        context.set_min_proto_version(version)
        context.set_max_proto_version(version)
        plain = socket.create_connection((FRONT, self.ports[profile][0]), PATIENCE)
        self.addCleanup(plain.close)
        plain.settimeout(None)
        connection = SSL.Connection(context, plain)
        if name:
            connection.set_tlsext_host_name(name.encode())
        connection.set_connect_state()
        connection.do_handshake()
        return connection

    def shown(self, name: str) -> tuple[str, int]:
        """The first name and the serial number of the certificate that is shown to who asks for ``name``."""
        certificate = self.connect("intermediate", name=name).get_peer_certificate()
        assert certificate is not None
        alternative = certificate.to_cryptography().extensions.get_extension_for_class(x509.SubjectAlternativeName)
        return alternative.value.get_values_for_type(x509.DNSName)[0], certificate.get_serial_number()

    def test_each_profile_speaks_its_versions_to_clients_and_all_words_arrive(self) -> None:
        for profile, wanted in SPOKEN.items():
            spoken = []
            for version, number in VERSIONS.items():
                with contextlib.suppress(SSL.Error):
                    connection = self.connect(profile, number)
                    connection.sendall(b"hello")
                    self.assertEqual(connection.recv(5), b"hello")
                    self.assertEqual(connection.get_protocol_version_name(), version)
                    spoken.append(version)
            self.assertEqual(spoken, wanted, profile)

    def test_only_legacy_speaks_to_a_server_that_has_only_tls_1_0(self) -> None:
        answered = {profile: self.answers(profile) for profile in SPOKEN}
        self.assertEqual(answered, {"modern": b"", "intermediate": b"", "mx": b"", "legacy": b"hello"})

    def answers(self, profile: str) -> bytes:
        with socket.create_connection((FRONT, self.ports[profile][1]), PATIENCE) as client, contextlib.suppress(ConnectionError):
            client.sendall(b"hello")
            return client.recv(5)
        return b""

    def test_the_name_that_is_asked_for_chooses_among_pem_and_pfx(self) -> None:
        mail, autodiscover = "mail.example.com", "autodiscover.example.com"
        wanted = {"": mail, mail: mail, autodiscover: autodiscover, "owa.example.org": autodiscover, "other.example.net": mail}
        self.assertEqual({name: self.shown(name)[0] for name in wanted}, wanted)

    def test_a_renewed_pfx_is_picked_up(self) -> None:
        before = self.shown("autodiscover.example.com")
        self.issue_pfx()
        eventually(lambda: self.shown("autodiscover.example.com") != before, "the new certificate")
        self.proxy.wait_for_log("new certificates are in use: .*certificate.pfx")
        self.assertEqual(self.shown("mail.example.com")[0], "mail.example.com")
