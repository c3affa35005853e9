"""``[admin]``."""

import sys

from exproxy.config.admin import socket_of
from exproxy.config.model import Admin, User
from exproxy.config.problems import ConfigError
from exproxy.config.show import show
from tests.config.support import WEB, ConfigTestCase

HASH = f"scrypt:32768:8:1$salt${'0' * 128}"


class AdminTests(ConfigTestCase):
    def admin(self, text: str) -> Admin | None:
        return self.load(WEB + "[admin]\n" + text).admin

    def problem(self, text: str) -> str:
        (problem,) = self.problems(WEB + "[admin]\n" + text)
        return problem.partition(": ")[2]

    def test_without_it_there_is_none(self) -> None:
        self.assertIsNone(self.load(WEB).admin)

    def test_all_of_it(self) -> None:
        users = f'users = {{ anna = {{ password = "{HASH}", role = "operator" }}, otto = {{ password = "{HASH}" }} }}'
        admin = self.admin(f'listen = "127.0.0.1:7777"\nsocket = "exproxy.sock"\n{users}')
        known = (User("anna", HASH, "operator"), User("otto", HASH, "viewer"))
        self.assertEqual(admin, Admin(("127.0.0.1", 7777), self.folder / "exproxy.sock", known))

    def test_what_is_shown_is_loaded_again(self) -> None:
        text = f'{WEB}[admin]\nlisten = "[::1]:7777"\nsocket = "a.sock"\nusers.anna.password = "{HASH}"\n'
        configuration = self.load(text)
        self.assertEqual(self.load(show(configuration)).admin, configuration.admin)

    def test_a_hash_may_stand_in_a_file_and_is_not_shown_then(self) -> None:
        self.write(HASH + "\n", "anna.scrypt")
        configuration = self.load(WEB + '[admin]\nlisten = "127.0.0.1:1"\nusers.anna.password = { file = "anna.scrypt" }')
        assert configuration.admin is not None
        self.assertEqual(configuration.admin.users[0].password, HASH)
        self.assertNotIn(HASH, show(configuration))

    def test_on_windows_a_socket_is_a_file_whose_path_may_be_long(self) -> None:
        self.patch(sys, "platform", "win32")
        admin = self.load(WEB + f'[admin]\nsocket = "{"x" * 150}"').admin
        assert admin is not None
        assert admin.socket is not None
        self.assertEqual(admin.socket.name, "x" * 150)

    def test_it_has_to_say_where(self) -> None:
        self.assertIn("admin: it does not say where to come in; write listen", self.problem(""))

    def test_without_users_it_is_for_this_machine_only(self) -> None:
        for listen in ("10.0.0.9:7777", "*:7777", "[::]:7777"):
            self.assertIn("it has to be an address of loopback", self.problem(f'listen = "{listen}"'))

    def test_users_from_elsewhere_are_told_that_there_is_no_tls(self) -> None:
        text = f'{WEB}[admin]\nlisten = "10.0.0.9:7777"\nusers.anna.password = "{HASH}"'
        self.assertIn("there is no TLS here", "".join(self.warnings(text)))

    def test_with_tls_they_are_not(self) -> None:
        self.write("", "a.pem")
        users = f'listen = "10.0.0.9:7777"\nusers.anna.password = "{HASH}"\n'
        text = f'{WEB}[admin]\n{users}tls = {{ certificates = "a.pem", profile = "modern" }}\nhsts = "30d"'
        self.assertEqual(self.warnings(text), [])
        admin = self.load(text).admin
        assert admin is not None
        assert admin.tls is not None
        self.assertEqual((admin.tls.mode, admin.tls.profile, admin.tls.alpn), ("implicit", "modern", ("http/1.1", "http/1.0")))
        self.assertEqual(admin.hsts, 30 * 86400)
        self.assertEqual(self.load(show(self.load(text))).admin, admin)

    def test_clients_may_be_asked_for_certificates_too(self) -> None:
        self.write("", "a.pem")
        said = 'listen = "127.0.0.1:7777"\ntls = { certificates = "a.pem", client_certificates = { ca = "a.pem"%s } }'
        admin = self.admin(said % "")
        assert admin is not None
        assert admin.tls is not None
        assert admin.tls.client_certificates is not None
        self.assertEqual(admin.tls.client_certificates.verify, "required")
        self.assertIn("nobody stands behind this", self.problem(said % ', headers = { "X-A" = "subject" }'))

    def test_what_is_wrong_with_tls_is_said(self) -> None:
        self.assertIn("there is no certificate", self.problem('listen = "127.0.0.1:7777"\ntls = {}'))
        self.assertIn("there is no file", self.problem('listen = "127.0.0.1:7777"\ntls.certificates = "none.pem"'))
        self.assertIn("HTTP has no command to begin TLS", self.problem('listen = "127.0.0.1:7777"\ntls = "starttls"'))
        off = f'{WEB}[admin]\nlisten = "10.0.0.9:7777"\ntls = "off"\nusers.anna.password = "{HASH}"'
        self.assertIn("there is no TLS here", "".join(self.warnings(off)))

    def test_what_tls_is_of_no_use_for_is_remarked(self) -> None:
        self.write("", "a.pem")
        self.assertIn("TLS is for listen", "".join(self.warnings(f'{WEB}[admin]\nsocket = "a.sock"\ntls.certificates = "a.pem"')))
        plain = f'{WEB}[admin]\nlisten = "127.0.0.1:7777"\nhsts = "30d"'
        self.assertIn("browsers ignore Strict-Transport-Security", "".join(self.warnings(plain)))

    def test_a_password_in_the_clear_is_refused_and_not_repeated(self) -> None:
        problem = self.problem('listen = "127.0.0.1:7777"\nusers.anna.password = "secret"')
        self.assertIn('admin.users.anna.password: this is no scrypt hash; let "exproxy hash-password" make one', problem)
        self.assertNotIn("secret", problem)

    def test_a_role_is_one_of_two(self) -> None:
        problem = self.problem(f'listen = "127.0.0.1:7777"\nusers.anna = {{ password = "{HASH}", role = "operater" }}')
        self.assertIn('did you mean "operator"?', problem)

    def test_one_port_is_enough_and_has_to_be_free(self) -> None:
        self.assertIn("one port is enough", self.problem('listen = "127.0.0.1:7-9"'))
        self.assertIn("front end web listens on 127.0.0.1:443 already", self.problem('listen = "127.0.0.1:443"'))

    def test_a_socket_has_a_path_that_fits(self) -> None:
        self.assertIn("longer than a socket's path may be", self.problem(f'socket = "{"x" * 120}"'))

    def test_users_without_a_way_in_are_remarked(self) -> None:
        text = f'{WEB}[admin]\nsocket = "a.sock"\nusers.anna.password = "{HASH}"'
        self.assertIn("users come in by listen only", "".join(self.warnings(text)))


class SocketTests(ConfigTestCase):
    def test_it_is_found_also_where_the_rest_of_the_file_is_wrong(self) -> None:
        path = self.write('[admin]\nsocket = "a.sock"\n[frontends.x]\nbind = "${NOT_SET}"\n')
        self.assertEqual(socket_of(path, {}), self.folder / "a.sock")

    def test_a_file_without_one_is_told_so(self) -> None:
        for text in ("", '[admin]\nlisten = "127.0.0.1:7777"'):
            error = self.assertRaises(ConfigError, socket_of, self.write(text), {})
            self.assertIn('admin: there is no socket to come in by; write socket = "run/exproxy.sock" into [admin]', str(error))

    def test_what_is_wrong_with_it_is_told(self) -> None:
        error = self.assertRaises(ConfigError, socket_of, self.write("[admin]\nsockte = 3"), {})
        self.assertIn('admin.sockte: there is no such key; did you mean "socket"?', str(error))
