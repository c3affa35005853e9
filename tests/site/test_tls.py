"""TLS of a site: contexts, what cannot be had, and renewed files."""

import os
from pathlib import Path
from typing import cast

from exproxy.config import model
from exproxy.config.tls import BUILT_IN_PROFILES
from exproxy.net.tls.profiles import BUILT_IN
from exproxy.site.errors import SiteError
from exproxy.site.tls import LOOK, TLSContexts
from tests.net.tls.files import authority_file, certificate_file
from tests.net.tlspeer import stranger
from tests.site.stage import SiteStage


class ContextTests(SiteStage):
    def setUp(self) -> None:
        super().setUp()
        self.folder = self.mktemp()
        self.file = certificate_file(self.folder).file
        self.front = model.FrontTLS((model.Certificate(self.file),))
        self.contexts = TLSContexts({}, 0.0)

    def test_the_names_of_the_configuration_are_those_of_the_profiles(self) -> None:
        self.assertEqual(set(BUILT_IN_PROFILES), set(BUILT_IN))

    def test_who_says_the_same_shares_one(self) -> None:
        first = self.contexts.front("web", self.front)
        self.assertIs(self.contexts.front("other", model.FrontTLS((model.Certificate(self.file),))), first)
        self.assertIsNone(self.contexts.front("plain", None))

    def test_administrators_have_it_too_and_are_named(self) -> None:
        self.assertIsNotNone(self.contexts.admin(self.front))
        self.assertIsNone(self.contexts.admin(None))
        self.contexts.admin(model.FrontTLS((model.Certificate(Path(self.folder, "missing.pem")),)))
        (trouble,) = self.contexts.troubles
        self.assertIn("admin.tls: cannot read", trouble)

    def test_servers_share_a_context_and_not_a_session(self) -> None:
        tls = model.ServerTLS(ca=authority_file(self.folder))
        one, two = (self.contexts.server("web", model.Server(name, name, "192.0.2.1", 443, tls=tls)) for name in ("a", "b"))
        assert one is not None
        assert two is not None
        self.assertIs(one.context, two.context)
        self.assertEqual((one.name, one.verify), ("192.0.2.1", True))
        self.assertIsNone(self.contexts.server("web", model.Server("c", "c", "192.0.2.1", 443)))

    def test_servers_may_have_the_certificate_of_a_front_end(self) -> None:
        tls = model.ServerTLS("same", fronts=(self.front,))
        made = self.contexts.server("web", model.Server("a", "a", "192.0.2.1", 443, tls=tls))
        assert made is not None
        assert made.shown is not None
        self.assertEqual((made.name, made.shown.fronts), ("mail.example.com", (self.contexts.front("web", self.front),)))

    def test_a_front_end_that_cannot_be_had_is_complained_of_once(self) -> None:
        missing = model.FrontTLS((model.Certificate(Path(self.folder, "missing.pem")),))
        tls = model.ServerTLS("same", fronts=(missing,))
        made = self.contexts.server("web", model.Server("a", "a", "192.0.2.1", 443, tls=tls))
        assert made is not None
        self.assertEqual((made.name, self.contexts.troubles), ("192.0.2.1", []))
        self.contexts.front("web", missing)
        self.assertEqual(len(self.contexts.troubles), 1)

    def test_what_cannot_be_had_is_told_with_its_key(self) -> None:
        profile = model.TLSProfile("mine", ciphers="NONSENSE")
        contexts = TLSContexts({"mine": profile}, 0.0)
        missing = Path(self.folder, "missing.pem")
        contexts.front("web", model.FrontTLS((model.Certificate(missing),)))
        contexts.front("web", model.FrontTLS((model.Certificate(self.file),), "mine"))
        for tls in (model.ServerTLS(ca=missing), model.ServerTLS(False, profile="mine"), model.ServerTLS(False, name="a..b")):
            contexts.server("web", model.Server("a", "a", "192.0.2.1", 443, tls=tls))
        self.assertEqual(
            [trouble.partition(": ")[0] for trouble in contexts.troubles],
            [
                "frontends.web.tls",
                "frontends.web.tls",
                "backends.web.servers.a.tls",
                "backends.web.servers.a.tls",
                "backends.web.servers.a.tls.name",
            ],
        )

    def test_a_site_with_a_certificate_that_cannot_be_used_holds_nothing(self) -> None:
        self.file.write_bytes(b"nonsense")
        configuration = self.configuration(self.server("one", "192.0.2.1"))
        frontend = configuration.frontends["smtp"]
        bind = model.Bind("192.0.2.9", 25, 25, tls=self.front)
        configuration.frontends["smtp"] = model.Frontend("smtp", "tcp", (bind,), frontend.backend)
        error = self.assertRaises(SiteError, self.site.apply, configuration)
        self.assertIn("frontends.smtp.tls: ", str(error))
        self.assertEqual(self.network.ports, {})

    def test_renewed_files_are_used_after_two_looks(self) -> None:
        tls = self.contexts.front("web", self.front)
        assert tls is not None
        before = tls.identities
        certificate_file(self.folder)
        os.utime(self.file, (1, 1))
        self.contexts.look(LOOK / 2)
        self.contexts.look(LOOK)
        self.assertIs(tls.identities, before)
        self.contexts.look(2 * LOOK)
        self.assertIsNot(tls.identities, before)

    def test_a_broken_file_is_told_and_the_old_one_stays(self) -> None:
        tls = self.contexts.front("web", self.front)
        assert tls is not None
        before = tls.identities
        self.file.write_bytes(b"nonsense")
        self.contexts.look(LOOK)
        self.contexts.look(2 * LOOK)
        self.contexts.look(3 * LOOK)
        self.assertIs(tls.identities, before)

    def test_renewed_authorities_are_believed_and_broken_ones_are_not(self) -> None:
        ca = authority_file(self.folder)
        server = model.Server("a", "a", "192.0.2.1", 443, tls=model.ServerTLS(ca=ca))
        client, other = self.contexts.server("web", server), self.contexts.server("web", server)
        assert client is not None
        assert other is not None
        before = client.context
        heard = self.hear()
        ca.write_bytes(b"nonsense")
        self.contexts.look(LOOK)
        self.contexts.look(2 * LOOK)
        self.assertIs(client.context, before)
        ca.write_bytes(stranger().cert_pem.bytes())
        self.contexts.look(3 * LOOK)
        self.contexts.look(4 * LOOK)
        self.assertIsNot(client.context, before)
        self.assertIs(other.context, client.context)
        later = self.contexts.server("web", server)
        assert later is not None
        self.assertIs(later.context, client.context)
        self.assertEqual(sum("authorities were changed and cannot be used" in text for text in heard), 1)

    def test_a_profile_of_old_versions_has_old_ciphers(self) -> None:
        old = cast(model.TLSVersion, "TLSv1.0")
        contexts = TLSContexts({"old": model.TLSProfile("old", old)}, 0.0)
        tls = contexts.front("web", model.FrontTLS((model.Certificate(self.file),), "old"))
        assert tls is not None
        self.assertEqual((tls.profile.min_version, tls.profile.ciphers), ("TLSv1.0", BUILT_IN["legacy"].ciphers))
