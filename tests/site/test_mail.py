"""Mail modes of a configuration."""

from exproxy.config import model
from exproxy.proxy.mail.deskhouse import DeskHouse
from exproxy.site.clientfaults import counts_of
from exproxy.site.mail import install, own_name
from tests.proxy.stage import Stage


class InstallTests(Stage):
    def test_a_front_end_serves_its_clients_so(self) -> None:
        frontend = self.open(None)
        mail = model.Mail("lb.example.com", greet_delay=2.0, early="tarpit")
        said = model.Frontend("mx", "smtp", (), "hub", timeouts=model.Timeouts(greeting=9.0, tarpit=8.0), mail=mail)
        house = install(frontend, said, mail, {"hub": self.backend()}, b"secret")
        self.assertEqual(frontend.serve, house.serve)
        self.assertEqual((house.greeting_timeout, house.greet_delay, house.early, house.tarpit), (9.0, 2.0, "tarpit", 8.0))

    def test_made_anew_by_a_reload_it_has_counted_what_it_had_and_so_have_those_who_came_before(self) -> None:
        frontend, mail, backend = self.open(None), model.Mail(), self.backend()
        said, server = model.Frontend("mx", "smtp", (), "hub", mail=mail), backend.pool.servers["one"]
        before = install(frontend, said, mail, {"hub": backend}, b"secret")
        before.skipped(server, "is busy")
        install(frontend, said, mail, {"hub": backend}, b"secret")
        before.skipped(server, "is busy")
        self.assertEqual(counts_of({"mx": frontend})["mx"].passed_over, 2)

    def test_where_users_are_kept_they_are_asked_who_they_are(self) -> None:
        frontend, mail, backend = self.open(None), model.Mail(), self.backend(user_key=lambda name: name)
        modes: tuple[model.Mode, ...] = ("smtp", "imap", "pop3")
        for mode in modes:
            house = install(frontend, model.Frontend("in", mode, (), "hub", mail=mail), mail, {"hub": backend}, b"secret")
            self.assertIsInstance(house, DeskHouse)

    def test_our_own_name_can_be_said(self) -> None:
        self.assertRegex(own_name(), r"^[!-~]+$")
