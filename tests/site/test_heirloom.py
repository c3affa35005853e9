"""What workers inherit."""

import os
import pickle
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from twisted.internet.task import Clock

from exproxy.config import model
from exproxy.process.messages import CannotChangeError
from exproxy.site.errors import SiteError
from exproxy.site.heirloom import CONTEXTS, PERIODS, Heirloom, periods
from exproxy.site.tls import LOOK
from tests.net.tls.files import certificate_file
from tests.site.stage import SiteStage


class HeirloomTests(SiteStage):
    def setUp(self) -> None:
        super().setUp()
        self.file = certificate_file(self.mktemp()).file
        self.clock = Clock()
        self.heirloom = Heirloom(self.clock.seconds)

    def configured(self) -> model.Configuration:
        configuration = self.configuration(model.Server("one", "one", "192.0.2.1", 25, tls=model.ServerTLS(verify=False)))
        self.front = model.FrontTLS((model.Certificate(self.file),))
        before = configuration.frontends["smtp"]
        bind = model.Bind("192.0.2.9", 25, 25, tls=self.front)
        configuration.frontends["smtp"] = model.Frontend("smtp", "tcp", (bind,), before.backend)
        return configuration

    def configure(self) -> model.Configuration:
        configuration = self.configured()
        with tempfile.TemporaryFile() as file:
            pickle.dump((configuration, b"secret"), file)
            file.flush()
            self.heirloom.configure(os.dup(file.fileno()))
        return configuration

    def test_it_has_the_very_configuration(self) -> None:
        self.assertEqual(self.configure(), self.heirloom.configuration)
        self.assertEqual(self.heirloom.secret, b"secret")

    def test_who_inherits_needs_no_file(self) -> None:
        self.configure()
        self.file.unlink()
        self.assertIsNotNone(self.heirloom.tls.front("smtp", self.front))
        self.assertEqual(self.heirloom.tls.troubles, [])

    def test_what_is_not_to_be_had_any_more_is_an_error(self) -> None:
        Path(self.file).unlink()
        error = self.assertRaises(SiteError, self.configure)
        self.assertIn("frontends.smtp.tls: cannot read", str(error))

    def test_another_configuration_uses_what_is_the_same(self) -> None:
        self.configure()
        server = self.heirloom.tls.front("smtp", self.front)
        configuration = self.configure()
        self.assertIs(self.heirloom.tls.front("smtp", self.front), server)
        self.assertIs(type(self.heirloom.configuration), type(configuration))

    def test_one_that_cannot_be_had_leaves_the_one_before(self) -> None:
        before = self.configure()
        self.file.write_text("damaged")
        error = self.assertRaises(CannotChangeError, self.configure)
        self.assertIn("frontends.smtp.tls", str(error))
        self.assertEqual(self.heirloom.configuration, before)

    def test_contexts_are_made_for_three_months_but_not_without_bound(self) -> None:
        self.assertEqual(periods(self.configured()), PERIODS)
        many = self.configured()
        tls = (model.FrontTLS((model.Certificate(Path(f"{number}.pem")),)) for number in range(100))
        binds = tuple(model.Bind("192.0.2.9", 25, 25, tls=each) for each in tls)
        many.frontends["smtp"] = model.Frontend("smtp", "tcp", binds, "hub")
        self.assertEqual(periods(many), CONTEXTS // 100)

    def test_it_reminds_of_what_expires(self) -> None:
        now = datetime.now(UTC)
        certificate_file(str(self.file.parent), not_before=now, not_after=now + timedelta(days=3))
        self.configure()
        heard = self.hear()
        self.heirloom.look()
        self.heirloom.look()
        self.assertEqual(sum("expires in" in text for text in heard), 1)

    def test_renewed_files_are_inherited(self) -> None:
        self.configure()
        tls = self.heirloom.tls.front("smtp", self.front)
        assert tls is not None
        before = tls.identities
        certificate_file(str(self.file.parent))
        os.utime(self.file, (1, 1))
        for _ in range(2):
            self.clock.advance(LOOK)
            self.heirloom.look()
        self.assertIsNot(tls.identities, before)
