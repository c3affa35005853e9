"""TLS of [admin]."""

from pathlib import Path

from twisted.logger import formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from exproxy.config import model
from exproxy.site.admintls import AdminTLS
from exproxy.site.errors import SiteError
from tests.net.tls.files import certificate_file


class AdminTLSTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.folder = self.mktemp()
        self.file = certificate_file(self.folder).file

    def configuration(self, file: Path) -> model.Configuration:
        tls = model.FrontTLS((model.Certificate(file),))
        return model.Configuration(files=(), admin=model.Admin(("127.0.0.1", 7777), tls=tls, hsts=5.0))

    def test_without_it_there_is_none(self) -> None:
        for admin in (None, model.Admin(("127.0.0.1", 7777))):
            tls = AdminTLS(model.Configuration(files=(), admin=admin), 0.0)
            self.assertEqual((tls.server, tls.hsts), (None, 0.0))

    def test_what_cannot_be_used_is_said(self) -> None:
        error = self.assertRaises(SiteError, AdminTLS, self.configuration(Path(self.folder, "none.pem")), 0.0)
        self.assertIn("admin.tls: cannot read", str(error))

    def test_the_same_goes_on_with_its_tickets_and_takes_a_changed_file_when_it_begins(self) -> None:
        first = AdminTLS(self.configuration(self.file), 0.0)
        server = first.server
        assert server is not None
        before = server.identities
        self.file.write_bytes(certificate_file(self.folder, "other").file.read_bytes())
        second = AdminTLS(self.configuration(self.file), 1.0, first)
        self.assertIs(second.server, server)
        self.assertIs(server.identities, before)
        second.begin()
        self.assertIsNot(server.identities, before)

    def test_what_runs_out_is_told_with_its_key(self) -> None:
        heard: list[str] = []

        def observe(event: dict[str, object]) -> None:
            heard.append(formatEvent(event))

        globalLogPublisher.addObserver(observe)
        self.addCleanup(globalLogPublisher.removeObserver, observe)
        AdminTLS(self.configuration(self.file), 0.0).look(0.0)
        self.assertTrue(any(sentence.startswith(f"admin.tls: {self.file}") for sentence in heard), heard)
