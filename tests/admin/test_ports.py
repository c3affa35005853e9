import contextlib
import os
import socket
import stat
from pathlib import Path

from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from exproxy.admin.ports import bind, listen_unix, make_way
from exproxy.net.interfaces import Address
from tests.integration.peers.process import new_folder


class PortsTests(SynchronousTestCase):
    def test_a_port_is_bound_at_once(self) -> None:
        made = bind(("127.0.0.1", 0))
        self.addCleanup(made.close)
        address: Address = made.getsockname()
        self.assertRaises(OSError, bind, address)

    def test_what_is_not_ours_is_said(self) -> None:
        self.assertRaises(OSError, bind, ("192.0.2.1", 1))

    def test_the_file_of_a_dead_socket_is_removed(self) -> None:
        path = self.path()
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(path))
        make_way(path)
        self.assertFalse(path.exists())

    def test_that_of_a_living_one_is_not(self) -> None:
        path = self.path()
        with socket.socket(socket.AF_UNIX) as living:
            living.bind(str(path))
            living.listen()
            error = self.assertRaises(OSError, make_way, path)
        self.assertEqual(error.strerror, "another process listens there")
        self.assertTrue(path.exists())

    def test_one_whose_process_hangs_lives(self) -> None:
        path = self.path()
        with socket.socket(socket.AF_UNIX) as hanging:
            hanging.bind(str(path))
            hanging.listen(0)
            waiting = [socket.socket(socket.AF_UNIX) for _ in range(3)]
            for one in waiting:
                self.addCleanup(one.close)
                one.setblocking(False)
                with contextlib.suppress(BlockingIOError):
                    one.connect(str(path))
            error = self.assertRaises(OSError, make_way, path)
        self.assertEqual(error.strerror, "another process listens there")
        self.assertTrue(path.exists())

    def test_a_link_is_not_followed_and_stays(self) -> None:
        path = self.path()
        other = path.with_name("other.sock")
        self.addCleanup(other.unlink)
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(other))
        for target in (other, path.with_name("nothing")):
            path.symlink_to(target)
            self.assertRaises(FileExistsError, make_way, path)
            self.assertTrue(path.is_symlink())
            path.unlink()
        self.assertTrue(other.exists())

    def test_a_socket_of_datagrams_stays_whose_it_is(self) -> None:
        path = self.path()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
            other.bind(str(path))
            self.assertRaises(FileExistsError, make_way, path)
        self.assertTrue(path.exists())

    def test_another_file_stays_what_it_is(self) -> None:
        path = self.path()
        path.write_text("precious")
        self.assertRaises(FileExistsError, make_way, path)
        self.assertEqual(path.read_text(), "precious")

    def test_there_has_to_be_a_folder(self) -> None:
        self.assertRaises(FileNotFoundError, make_way, self.path().parent / "none" / "x.sock")

    def test_the_rights_are_never_wider_and_the_mask_is_as_before(self) -> None:
        masks: list[int] = []

        class Reactor(MemoryReactorClock):  # type: ignore[misc]  # Twisted's has no types
            def listenUNIX(self, *args: object, **rest: object) -> object:
                masks.append(os.umask(0o117))
                self.rest = rest
                return super().listenUNIX(*args, **rest)

        before = os.umask(0o022)
        self.addCleanup(os.umask, before)
        reactor = Reactor()
        listen_unix(reactor, self.path(), None)  # type: ignore[arg-type]  # nobody comes
        self.assertEqual((masks, reactor.rest["mode"], os.umask(0o022)), ([0o117], 0o660, 0o022))

    def path(self) -> Path:
        folder = new_folder("ports")
        path = folder / "x.sock"
        self.addCleanup(folder.rmdir)
        self.addCleanup(path.unlink, missing_ok=True)
        self.assertTrue(stat.S_ISDIR(folder.stat().st_mode))
        return path
