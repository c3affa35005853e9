"""What a look at the files finds, before anything is started."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from exproxy.config import model
from exproxy.config.problems import Place
from exproxy.site.inspection import Inspection, inspect
from tests.net.tls.files import certificate_file
from tests.net.tlspeer import authority_file
from tests.site.stage import SiteStage


class InspectionTests(SiteStage):
    def setUp(self) -> None:
        super().setUp()
        self.folder = self.mktemp()
        self.file = certificate_file(self.folder).file

    def found(self, front: model.FrontTLS, *servers: model.Server) -> Inspection:
        configuration = self.configuration(*servers or (self.server("one", "192.0.2.1"),))
        before = configuration.frontends["smtp"]
        bind = model.Bind("192.0.2.9", 25, 25, tls=front)
        configuration.frontends["smtp"] = model.Frontend("smtp", "tcp", (bind,), before.backend)
        return inspect(configuration)

    def test_what_is_well(self) -> None:
        self.assertEqual(self.found(model.FrontTLS((model.Certificate(self.file),))).problems, ())

    def test_a_state_file_that_cannot_be_written_is_told(self) -> None:
        state = Path(self.folder, "run", "state.json")
        found = inspect(self.configuration(self.server("one", "192.0.2.1"), state=state))
        self.assertEqual(found.warnings, (f"service.state: {state} cannot be written: there is no folder {state.parent}",))
        fine = self.configuration(self.server("one", "192.0.2.1"), state=Path(self.folder, "state.json"))
        self.assertEqual(inspect(fine).warnings, ())

    def test_every_certificate_that_cannot_be_used_is_told_with_its_line(self) -> None:
        broken, missing = Path(self.folder, "broken.pem"), Path(self.folder, "missing.pem")
        broken.write_text("nonsense")
        certificates = tuple(model.Certificate(file) for file in (self.file, broken, missing))
        problems = self.found(model.FrontTLS(certificates, place=Place(Path("site.toml"), 7))).problems
        self.assertEqual(len(problems), 2)
        self.assertIn(f"site.toml:7: frontends.smtp.tls: {broken} is neither PEM nor a PFX", problems[0])
        self.assertIn(f"site.toml:7: frontends.smtp.tls: cannot read {missing}", problems[1])

    def test_authorities_of_clients_and_servers_are_read(self) -> None:
        nothing = Path(self.folder, "nothing.pem")
        nothing.write_text("")
        clients = model.ClientCertificates(nothing)
        tls = model.ServerTLS(ca=nothing, place=Place(Path("site.toml"), 9))
        server = model.Server("one", "one", "192.0.2.1", 25, tls=tls)
        problems = self.found(model.FrontTLS((model.Certificate(self.file),), client_certificates=clients), server).problems
        wanted = f"site.toml:9: backends.hub.servers.one.tls: {nothing} holds no certificate in PEM form"
        self.assertIn(wanted, problems)
        self.assertTrue(any(f"frontends.smtp.tls: {nothing} holds no certificate" in problem for problem in problems))
        missing = model.Certificate(Path(self.folder, "missing.pem"))
        self.assertEqual(len(self.found(model.FrontTLS((missing,), client_certificates=clients)).problems), 2)
        good = model.ClientCertificates(authority_file(self.folder))
        self.assertEqual(self.found(model.FrontTLS((model.Certificate(self.file),), client_certificates=good)).problems, ())

    def test_what_will_expire_is_warned_of(self) -> None:
        now = datetime.now(UTC)
        soon = certificate_file(self.folder, "soon.example.com", not_before=now, not_after=now + timedelta(days=20, hours=1)).file
        for days, count in ((14, 0), (30, 1)):
            warnings = self.found(model.FrontTLS((model.Certificate(soon),), warn_days=days)).warnings
            self.assertEqual(sum("expires in 20 days" in warning for warning in warnings), count)
