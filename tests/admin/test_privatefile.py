"""Files for those who may do everything."""

import stat
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from exproxy.admin.privatefile import write_private

if sys.platform == "win32":
    import win32security


class PrivateFileTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.path = Path(self.mktemp())

    def test_it_has_the_text_and_takes_the_place_of_another(self) -> None:
        self.path.write_text("older")
        write_private(self.path, "secret")
        self.assertEqual(self.path.read_text(), "secret")

    def test_nobody_else_may_read_it(self) -> None:
        write_private(self.path, "secret")
        self.assertEqual(stat.S_IMODE(self.path.stat().st_mode), 0o600)

    if sys.platform == "win32":
        test_nobody_else_may_read_it.skip = "Windows has lists of rights"  # type: ignore[attr-defined]

    def test_on_windows_the_system_may_read_it_and_not_everybody(self) -> None:
        write_private(self.path, "secret")
        kind = win32security.DACL_SECURITY_INFORMATION
        descriptor = win32security.GetFileSecurity(str(self.path), kind)
        said = win32security.ConvertSecurityDescriptorToStringSecurityDescriptor(descriptor, 1, kind)
        # Wine keeps the rights of a unix file, and tells those: administrators are no group there
        self.assertEqual([f";;;{who})" in said for who in ("SY", "WD", "BU", "AU")], [True, False, False, False])

    if sys.platform != "win32":
        test_on_windows_the_system_may_read_it_and_not_everybody.skip = "Windows has lists of rights"  # type: ignore[attr-defined]

    def test_where_none_can_be_is_said(self) -> None:
        self.assertRaises(OSError, write_private, self.path / "none" / "file", "secret")
