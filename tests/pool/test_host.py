from twisted.trial.unittest import SynchronousTestCase

from exproxy.pool import Admin, Host, Lease, NoServer, Ticket
from tests.pool.support import Recorder, get, make_backend, make_server


class HostTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.host = Host("ex1", "10.0.0.1")
        self.smtp = make_backend(make_server("ex1", self.host), make_server("ex2"), name="smtp")
        self.imap = make_backend(make_server("ex1", self.host, maxconn=1), make_server("ex2", maxconn=1), name="imap")

    def test_maintenance_takes_it_out_everywhere_at_once(self) -> None:
        self.host.set_admin(Admin.MAINT, 1.0)
        for backend in (self.smtp, self.imap):
            self.assertEqual(get(backend).server.name, "ex2")

    def test_ready_brings_it_back(self) -> None:
        self.host.set_admin(Admin.MAINT, 1.0)
        self.host.set_admin(Admin.READY, 2.0)
        self.assertEqual({get(self.smtp).server.name for _ in range(2)}, {"ex1", "ex2"})

    def test_the_stricter_of_host_and_server_holds(self) -> None:
        server = self.smtp.servers["ex1"]
        server.set_admin(Admin.DRAIN, 1.0)
        self.host.set_admin(Admin.MAINT, 2.0)
        self.assertIs(server.admin, Admin.MAINT)
        self.host.set_admin(Admin.READY, 3.0)
        self.assertIs(server.admin, Admin.DRAIN)

    def test_each_server_is_announced_once_with_the_reason(self) -> None:
        told: list[str] = []
        for backend in (self.smtp, self.imap):
            backend.subscribe(lambda transition: told.append(str(transition)))
        self.host.set_admin(Admin.DRAIN, 1.0, by="anna")
        self.host.set_admin(Admin.DRAIN, 2.0, by="anna")
        self.assertEqual(
            told,
            [
                "smtp/ex1 is draining: host ex1 was set to drain by anna",
                "imap/ex1 is draining: host ex1 was set to drain by anna",
            ],
        )

    def test_who_waits_gets_a_slot_when_it_is_ready(self) -> None:
        self.host.set_admin(Admin.MAINT, 1.0)
        get(self.imap)
        waiting = Recorder()
        self.assertIsInstance(self.imap.acquire(waiting, None, 2.0), Ticket)
        self.host.set_admin(Admin.READY, 3.0)
        self.assertEqual([lease.server.name for lease in waiting.leases], ["ex1"])

    def test_who_waits_is_denied_when_it_was_the_last(self) -> None:
        self.imap.servers["ex2"].set_admin(Admin.MAINT, 1.0)
        get(self.imap)
        waiting = Recorder()
        self.assertIsInstance(self.imap.acquire(waiting, None, 2.0), Ticket)
        self.host.set_admin(Admin.MAINT, 3.0)
        self.assertEqual(
            [str(error) for error in waiting.errors],
            ["all 2 servers of imap are not usable: ex1 is in maintenance; ex2 is in maintenance"],
        )

    def test_nobody_is_sent_from_one_of_its_servers_to_the_next(self) -> None:
        backend = make_backend(make_server("a", self.host, maxconn=1), make_server("b", self.host, maxconn=1))
        leases = [get(backend), get(backend)]
        waiting = Recorder()
        self.assertIsInstance(backend.acquire(waiting, None, 1.0), Ticket)
        self.host.set_admin(Admin.MAINT, 2.0)
        self.assertEqual((len(waiting.leases), len(waiting.errors)), (0, 1))
        self.assertRaises(NoServer, backend.acquire, Recorder(), None, 3.0)
        self.assertEqual([type(lease) for lease in leases], [Lease, Lease])

    def test_it_knows_its_servers(self) -> None:
        self.assertEqual([server.full_name for server in self.host.servers], ["smtp/ex1", "imap/ex1"])
        self.smtp.remove("ex1", 1.0)
        self.assertEqual([server.full_name for server in self.host.servers], ["imap/ex1"])
