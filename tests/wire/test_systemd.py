"""sd_notify(3), sd_listen_fds(3) and sd_watchdog_enabled(3), as octets and environment."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire import systemd
from exproxy.wire.errors import WireError
from exproxy.wire.systemd import Ordered, take

PID = 4711


class TakeTests(SynchronousTestCase):
    def taken(self, **environ: str) -> Ordered:
        return take(environ, PID)

    def refused(self, **environ: str) -> str:
        return str(self.assertRaises(WireError, take, environ, PID))

    def test_nothing_said_is_nothing_ordered(self) -> None:
        self.assertEqual(self.taken(HOME="/"), Ordered())

    def test_all_of_it_is_taken_out_so_that_children_do_not_see_it(self) -> None:
        environ = {
            "NOTIFY_SOCKET": "/run/systemd/notify",
            "WATCHDOG_USEC": "30000000",
            "WATCHDOG_PID": str(PID),
            "LISTEN_PID": str(PID),
            "LISTEN_FDS": "2",
            "LISTEN_FDNAMES": "smtp:https",
            "HOME": "/",
        }
        self.assertEqual(take(environ, PID), Ordered("/run/systemd/notify", 30.0, ("smtp", "https")))
        self.assertEqual(environ, {"HOME": "/"})

    def test_an_abstract_socket_begins_with_a_zero(self) -> None:
        self.assertEqual(self.taken(NOTIFY_SOCKET="@/org/x").notify, b"\0/org/x")

    def test_a_path_need_not_be_utf_8(self) -> None:
        self.assertEqual(self.taken(NOTIFY_SOCKET="@\udcff").notify, b"\0\xff")

    def test_an_address_that_is_none_is_refused(self) -> None:
        for said in ("notify", "vsock:2:1", "@", "/"):
            self.assertIn("neither a path", self.refused(NOTIFY_SOCKET=said))
        self.assertIn("longer than an address", self.refused(NOTIFY_SOCKET="/" + "x" * 107))
        self.assertEqual(self.taken(NOTIFY_SOCKET="/" + "x" * 106).notify, "/" + "x" * 106)

    def test_a_watchdog_without_a_process_is_for_us(self) -> None:
        self.assertEqual(self.taken(WATCHDOG_USEC="500000").watchdog, 0.5)

    def test_a_watchdog_of_another_process_is_not_ours(self) -> None:
        self.assertIsNone(self.taken(WATCHDOG_USEC="500000", WATCHDOG_PID="1").watchdog)

    def test_a_watchdog_of_zero_is_none(self) -> None:
        self.assertIsNone(self.taken(WATCHDOG_USEC="0").watchdog)

    def test_sockets_of_another_process_are_not_ours(self) -> None:
        self.assertEqual(self.taken(LISTEN_FDS="2", LISTEN_PID="1").names, ())
        self.assertEqual(self.taken(LISTEN_FDS="2").names, ())

    def test_sockets_without_names_are_unknown(self) -> None:
        self.assertEqual(self.taken(LISTEN_FDS="2", LISTEN_PID=str(PID)).names, ("unknown", "unknown"))

    def test_no_socket_has_no_name(self) -> None:
        self.assertEqual(self.taken(LISTEN_FDS="0", LISTEN_PID=str(PID)).names, ())

    def test_names_that_do_not_fit_are_refused(self) -> None:
        self.assertIn("2 names for 3 sockets", self.refused(LISTEN_FDS="3", LISTEN_PID=str(PID), LISTEN_FDNAMES="a:b"))

    def test_what_is_no_number_is_refused_by_its_name(self) -> None:
        for name in ("LISTEN_FDS", "WATCHDOG_USEC", "LISTEN_PID", "WATCHDOG_PID"):
            for said in ("many", "-1", "²", "9" * 21):
                self.assertIn(name, self.refused(**{"LISTEN_PID": str(PID), name: said}))

    def test_more_sockets_than_anybody_passes_are_refused(self) -> None:
        self.assertIn("too many", self.refused(LISTEN_FDS="4097", LISTEN_PID=str(PID)))


class WordsTests(SynchronousTestCase):
    def test_the_words_are_systemd_s(self) -> None:
        self.assertEqual(systemd.ready(), b"READY=1")
        self.assertEqual(systemd.stopping(), b"STOPPING=1")
        self.assertEqual(systemd.alive(), b"WATCHDOG=1")

    def test_times_are_microseconds(self) -> None:
        self.assertEqual(systemd.reloading(12.5), b"RELOADING=1\nMONOTONIC_USEC=12500000")
        self.assertEqual(systemd.patience(30), b"EXTEND_TIMEOUT_USEC=30000000")

    def test_a_status_is_one_line_whatever_is_in_it(self) -> None:
        self.assertEqual(systemd.status("a\nREADY=1\r\n b\udcff"), b"STATUS=a READY=1 b?")

    def test_a_status_has_an_end(self) -> None:
        self.assertEqual(len(systemd.status("x" * 5000)), len("STATUS=") + systemd.LONGEST_STATUS)

    def test_words_are_lines(self) -> None:
        self.assertEqual(systemd.together(b"A=1", b"B=2"), b"A=1\nB=2")
