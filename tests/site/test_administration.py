"""The administrator's way in."""

import socket
from collections.abc import Callable
from typing import Any

import attrs
from twisted.logger import formatEvent, globalLogPublisher
from twisted.protocols.tls import TLSMemoryBIOFactory

from exproxy.admin.answers import Asked
from exproxy.admin.application import Application
from exproxy.config import model
from exproxy.config.passwords import hashed
from exproxy.site.administration import AdminPorts
from exproxy.site.errors import SiteError
from exproxy.site.tls import LOOK
from tests.integration.peers.ports import free_port
from tests.integration.peers.process import new_folder
from tests.net.tls.files import certificate_file
from tests.site.stage import SiteStage


class Listener:
    """Follows events."""

    full = False
    left: Callable[[], None]

    def __init__(self, ended: list[str]) -> None:
        self._ended = ended

    def tell(self, data: bytes) -> None:
        """Whatever it is."""

    def end(self) -> None:
        self._ended.append("end")
        self.left()

    def cut(self) -> None:
        self._ended.append("cut")


class AdministrationTests(SiteStage):
    def setUp(self) -> None:
        super().setUp()
        self.folder = new_folder("admin")
        self.addCleanup(lambda: [path.unlink() for path in self.folder.iterdir()] and self.folder.rmdir())
        self.peer("192.0.2.1")

    def with_admin(self, admin: model.Admin | None) -> model.Configuration:
        return attrs.evolve(self.configuration(self.server("one", "192.0.2.1")), admin=admin)

    def free(self) -> tuple[str, int]:
        return "127.0.0.1", free_port("127.0.0.1")

    def test_without_admin_nobody_comes_in(self) -> None:
        self.start(self.with_admin(None))
        self.assertEqual((self.reactor.adoptedPorts, self.reactor.unixServers), ([], []))

    def test_the_port_is_bound_before_anybody_is_answered(self) -> None:
        address = self.free()
        self.site.apply(self.with_admin(model.Admin(address)))
        self.assertRaises(OSError, socket.create_server, address)
        self.assertEqual(self.reactor.adoptedPorts, [])
        self.site.start()
        self.assertEqual(len(self.reactor.adoptedPorts), 1)

    def test_the_socket_is_for_its_owner_and_group(self) -> None:
        path = self.folder / "x.sock"
        self.start(self.with_admin(model.Admin(socket=path)))
        ((where, _, _, mode, _),) = self.reactor.unixServers
        self.assertEqual((where, mode), (str(path), 0o660))

    def test_a_port_that_is_taken_is_said_and_nothing_is_held(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            host, port = taken.getsockname()
            error = self.assertRaises(SiteError, self.site.apply, self.with_admin(model.Admin((host, port))))
        self.assertRegex(str(error), rf"^admin\.listen: cannot listen on 127\.0\.0\.1:{port}: .+")
        self.assertNotIn(("192.0.2.9", 25), self.network.ports)

    def test_when_a_front_end_cannot_be_had_the_port_is_let_go(self) -> None:
        address = self.free()
        self.peer("192.0.2.9")
        self.assertRaises(SiteError, self.site.apply, self.with_admin(model.Admin(address)))
        socket.create_server(address).close()

    def test_a_file_in_the_socket_s_place_is_said(self) -> None:
        path = self.folder / "x.sock"
        path.write_text("")
        error = self.assertRaises(SiteError, AdminPorts, self.with_admin(model.Admin(socket=path)), 0.0)
        self.assertIn(f"admin.socket: cannot listen at {path}: there is a file of that name, which ", str(error))

    def test_stopped_it_answers_nobody_and_leaves_nothing_behind(self) -> None:
        self.start(self.with_admin(model.Admin(self.free(), self.folder / "x.sock")))
        ended = self.site.stop()
        self.settle(2.0)
        self.successResultOf(ended)
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_while_it_ends_it_says_so(self) -> None:
        self.start(self.with_admin(model.Admin(self.free())))
        self.client()
        self.site.stop()
        admin = self.site._live and self.site._live.admin
        assert admin is not None
        self.assertTrue(admin._overview.snapshot().process.draining)

    def test_a_certificate_that_cannot_be_used_is_said_and_nothing_is_held(self) -> None:
        address = self.free()
        tls = model.FrontTLS((model.Certificate(self.folder / "none.pem"),))
        error = self.assertRaises(SiteError, self.site.apply, self.with_admin(model.Admin(address, tls=tls)))
        self.assertIn("admin.tls: cannot read", str(error))
        socket.create_server(address).close()

    def test_with_a_certificate_tls_is_spoken_and_renewed_files_are_taken_in(self) -> None:
        file = certificate_file(str(self.folder)).file
        self.start(self.with_admin(model.Admin(self.free(), tls=model.FrontTLS((model.Certificate(file),)))))
        ((_, _, factory),) = self.reactor.adoptedPorts
        self.assertIsInstance(factory, TLSMemoryBIOFactory)
        heard: list[str] = []
        observer = lambda event: heard.append(formatEvent(event))  # noqa: E731 - has to be the same one twice
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)
        file.write_bytes(certificate_file(str(self.folder), "other").file.read_bytes())
        self.settle(3 * LOOK)
        self.assertIn(f"new certificates are in use: {file}", heard)

    def test_users_change_with_the_configuration_and_those_who_have_gone_are_logged_out(self) -> None:
        address = self.free()
        anna, otto = (model.User(name, hashed(name), "viewer") for name in ("anna", "otto"))
        self.start(self.with_admin(model.Admin(address, users=(anna, otto))))
        assert self.site._live is not None
        logins = self.site._live.admin._logins
        sessions = {name: logins._stays.begin(name, self.reactor.seconds())[0] for name in ("anna", "otto")}
        changed = self.site.apply(self.with_admin(model.Admin(address, users=(attrs.evolve(otto, role="operator"),))))
        self.assertEqual(changed, ("admin.users was changed",))
        self.assertIsNone(logins.known(Asked("GET", (), session=sessions["anna"])))
        caller = logins.known(Asked("GET", (), session=sessions["otto"]))
        assert caller is not None
        self.assertEqual(caller.role, "operator")

    def test_who_listened_without_a_login_has_to_ask_again_when_users_change(self) -> None:
        address = self.free()
        self.start(self.with_admin(model.Admin(address)))
        assert self.site._live is not None
        ended: list[str] = []
        listener = Listener(ended)
        follow = self.site._live.admin._events.answer("nobody").follow
        assert follow is not None
        listener.left = follow(listener)
        self.site.apply(attrs.evolve(self.with_admin(model.Admin(address)), hosts={}))
        self.assertEqual(ended, [])
        self.site.apply(self.with_admin(model.Admin(address, users=(model.User("anna", hashed("secret"), "viewer"),))))
        self.assertEqual(ended, ["end"])

    def test_certificates_change_with_the_configuration_too(self) -> None:
        address, users = self.free(), (model.User("anna", hashed("secret"), "viewer"),)
        one, other = (
            model.FrontTLS((model.Certificate(certificate_file(str(self.folder), name).file),)) for name in ("one", "other")
        )
        self.start(self.with_admin(model.Admin(address, users=users, tls=one)))
        ((_, _, factory),) = self.reactor.adoptedPorts
        before = factory.tls
        self.site.apply(self.with_admin(model.Admin(address, users=users, tls=other, hsts=60.0)))
        self.assertIsNot(factory.tls, before)
        self.assertEqual(factory.tls.certificates[0].file, other.certificates[0].file)
        self.assertEqual(factory.wrappedFactory.hsts, 60.0)
        broken = model.FrontTLS((model.Certificate(self.folder / "none.pem"),))
        self.assertRaises(SiteError, self.site.apply, self.with_admin(model.Admin(address, users=(), tls=broken)))
        assert self.site._live is not None
        self.assertTrue(self.site._live.admin._logins.needed)
        self.assertEqual(factory.tls.certificates[0].file, other.certificates[0].file)

    def test_users_are_asked_for_their_passwords(self) -> None:
        user = model.User("anna", hashed("secret"), "operator")
        self.start(self.with_admin(model.Admin(self.free(), users=(user,))))
        admin: Any = self.site._live and self.site._live.admin
        self.assertIsInstance(Application(self.reactor, admin._api, admin._logins), Application)
        self.assertTrue(admin._logins._accounts["anna"].secret.matches("secret"))

    def test_what_is_seen_is_what_is_configured(self) -> None:
        self.start(self.with_admin(model.Admin(self.free())))
        admin = self.site._live and self.site._live.admin
        assert admin is not None
        (frontend,) = admin._overview.snapshot().frontends
        self.assertEqual(
            (frontend.name, frontend.mode, frontend.addresses, frontend.backends), ("smtp", "tcp", ("192.0.2.9:25",), ("hub",))
        )
