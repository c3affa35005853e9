"""Acting in another user's name until the process becomes that user."""

import os
import socket
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from twisted.trial.unittest import SynchronousTestCase

from tests.integration.peers.needs import ROOT, require

if sys.platform != "win32":
    import pwd

    from exproxy.process.privileges import Owner, PrivilegesError, acting_as, owner

    NOBODY = pwd.getpwnam("nobody")

NO_USER = 3_999_999_999
ELSEWHERE = "Windows has no numbers of users" if sys.platform == "win32" else None


class OwnerTests(SynchronousTestCase):
    skip = ELSEWHERE

    def test_a_user_brings_its_group(self) -> None:
        self.assertEqual(owner(NOBODY.pw_uid, None), Owner(NOBODY.pw_uid, NOBODY.pw_gid))

    def test_a_group_may_be_another(self) -> None:
        self.assertEqual(owner(NOBODY.pw_uid, 4), Owner(NOBODY.pw_uid, 4))

    def test_a_group_alone_keeps_the_user(self) -> None:
        self.assertEqual(owner(None, 4), Owner(os.getuid(), 4))

    def test_a_number_without_a_user_needs_a_group(self) -> None:
        self.assertIn("there is no user 3999999999", str(self.assertRaises(PrivilegesError, owner, NO_USER, None)))
        known = owner(NO_USER, 4)
        self.assertEqual((known.name, known.groups), ("user 3999999999", [4]))

    def test_it_has_the_user_s_name_and_groups(self) -> None:
        nobody = owner(NOBODY.pw_uid, None)
        self.assertEqual((nobody.name, nobody.groups), ("nobody", [NOBODY.pw_gid]))


class ActingTests(SynchronousTestCase):
    skip = ELSEWHERE

    def setUp(self) -> None:
        require(ROOT)
        self.nobody = owner(NOBODY.pw_uid, None)
        folder = TemporaryDirectory(prefix="exproxy-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.folder.chmod(0o777)

    def test_files_are_made_in_the_other_s_name(self) -> None:
        with acting_as(self.nobody):
            (self.folder / "made").touch()
        made = (self.folder / "made").stat()
        self.assertEqual((made.st_uid, made.st_gid), (NOBODY.pw_uid, NOBODY.pw_gid))

    def test_what_the_other_may_not_read_is_not_read(self) -> None:
        secret = self.folder / "secret"
        secret.touch(0o600)
        with acting_as(self.nobody):
            self.assertRaises(PermissionError, secret.read_text)
        self.assertEqual(secret.read_text(), "")

    def test_a_low_port_can_be_bound(self) -> None:
        with acting_as(self.nobody), socket.socket() as sock:
            sock.bind(("127.0.0.78", 801))
            self.assertEqual(sock.getsockname(), ("127.0.0.78", 801))

    def test_afterwards_all_is_as_it_was_also_after_an_error(self) -> None:
        before = os.getresuid(), os.getresgid(), os.getgroups(), _effective()

        def fail() -> None:
            with acting_as(self.nobody):
                raise ValueError

        self.assertRaises(ValueError, fail)
        self.assertEqual((os.getresuid(), os.getresgid(), os.getgroups(), _effective()), before)

    def test_the_other_has_no_other_right_of_root(self) -> None:
        with acting_as(self.nobody):
            effective = int(_effective(), 16)
        self.assertEqual(effective & ~(1 << 24), 1 << 10)  # to raise limits: in a container root itself may not have it

    def test_who_is_not_root_is_told_so(self) -> None:
        def try_it() -> None:
            with acting_as(self.nobody), acting_as(Owner(0, 0)):
                pass

        self.assertIn("only root may become root", str(self.assertRaises(PrivilegesError, try_it)))


def _effective() -> str:
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("CapEff:")]
    return line.split()[1]
