"""Contexts for TLS as client."""

import contextlib
from pathlib import Path

import attrs
import trustme
from OpenSSL import SSL
from twisted.trial.unittest import SynchronousTestCase

from exproxy.net.tlscontext import ChainObserver, Contexts, TLSContextSettings, TLSSettingsError, client_context


@attrs.define(eq=False)
class Faults:
    told: list[str] = attrs.field(factory=list)

    def chain_fault(self, fault: str) -> None:
        self.told.append(fault)


def shake(context: SSL.Context, server: SSL.Context, observer: object = None) -> SSL.Connection:
    """A handshake in memory."""
    near, far = SSL.Connection(context, None), SSL.Connection(server, None)
    near.set_connect_state()
    near.set_app_data(observer)
    far.set_accept_state()
    for _turn in range(4):
        for one, other in ((near, far), (far, near)):
            with contextlib.suppress(SSL.WantReadError):
                one.do_handshake()
            with contextlib.suppress(SSL.WantReadError):
                other.bio_write(one.bio_read(65536))
    return near


class ClientContextTests(SynchronousTestCase):
    def server(self, authority: trustme.CA) -> SSL.Context:
        context = SSL.Context(SSL.TLS_SERVER_METHOD)
        authority.issue_cert("mail.example.com").configure_cert(context)
        return context

    def test_verification_has_no_default(self) -> None:
        with self.assertRaises(TypeError):
            TLSContextSettings()  # type: ignore[call-arg]  # that it is refused is the test

    def test_an_unknown_chain_fails_a_verifying_context(self) -> None:
        context = client_context(TLSContextSettings(verify=True))
        with self.assertRaises(SSL.Error):
            shake(context, self.server(trustme.CA()))

    def test_an_unknown_chain_is_told_by_a_context_that_does_not_verify(self) -> None:
        faults = Faults()
        near = shake(client_context(TLSContextSettings(verify=False)), self.server(trustme.CA()), faults)
        self.assertIsNotNone(near.get_peer_certificate())
        self.assertIn("its issuer is not among the trusted ones", faults.told[0])

    def test_a_known_authority_has_no_faults(self) -> None:
        authority, faults = trustme.CA(), Faults()
        path = Path(self.mktemp())
        path.write_bytes(authority.cert_pem.bytes())
        shake(client_context(TLSContextSettings(verify=True, ca=path)), self.server(authority), faults)
        self.assertEqual(faults.told, [])

    def test_a_missing_file_of_authorities_is_named(self) -> None:
        with self.assertRaises(TLSSettingsError) as caught:
            client_context(TLSContextSettings(verify=True, ca=Path("/nowhere/ca.pem")))
        self.assertEqual(
            str(caught.exception),
            f"cannot read the certificate authorities in {Path('/nowhere/ca.pem')}: no such file or directory",
        )

    def test_a_file_without_a_certificate_is_named(self) -> None:
        path = Path(self.mktemp())
        path.write_text("not a certificate")
        with self.assertRaises(TLSSettingsError) as caught:
            client_context(TLSContextSettings(verify=True, ca=path))
        self.assertIn("holds no certificate in PEM form", str(caught.exception))

    def test_an_observer_is_whatever_has_chain_fault(self) -> None:
        self.assertIsInstance(Faults(), ChainObserver)
        self.assertNotIsInstance(None, ChainObserver)


class ContextsTests(SynchronousTestCase):
    def test_those_who_want_the_same_share_one_whatever_name_they_ask_for(self) -> None:
        contexts = Contexts()
        one = contexts.get(TLSContextSettings(verify=False, name="one"))
        self.assertIs(contexts.get(TLSContextSettings(verify=False, name="two")), one)
        self.assertIsNot(contexts.get(TLSContextSettings(verify=True, name="one")), one)
        self.assertIsNot(contexts.get(TLSContextSettings(verify=False, legacy=True)), one)

    def test_what_could_not_be_had_is_tried_again(self) -> None:
        contexts, path = Contexts(), Path(self.mktemp())
        with self.assertRaises(TLSSettingsError):
            contexts.get(TLSContextSettings(verify=True, ca=path))
        path.write_bytes(trustme.CA().cert_pem.bytes())
        self.assertIsInstance(contexts.get(TLSContextSettings(verify=True, ca=path)), SSL.Context)


class RenewedAuthoritiesTests(SynchronousTestCase):
    def test_a_changed_file_makes_a_new_context(self) -> None:
        path = Path(self.mktemp())
        path.write_bytes(trustme.CA().cert_pem.bytes())
        contexts, settings = Contexts(), TLSContextSettings(verify=True, ca=path)
        before = contexts.get(settings)
        self.assertIs(contexts.get(attrs.evolve(settings, name="x", pins=("sha256/x",))), before)
        path.write_bytes(trustme.CA().cert_pem.bytes() * 2)
        after = contexts.get(settings)
        self.assertIsNot(after, before)
        self.assertIs(contexts.get(settings), after)

    def test_a_file_of_nothing_is_no_way_to_verify_nothing(self) -> None:
        path = Path(self.mktemp())
        for text in ("", "# no certificate\n"):
            path.write_text(text)
            self.assertRaises(TLSSettingsError, Contexts().get, TLSContextSettings(verify=True, ca=path))
