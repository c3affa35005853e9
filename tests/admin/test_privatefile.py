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

    def test_on_windows_nothing_is_inherited_and_three_may_do_everything(self) -> None:
        write_private(self.path, "secret")
        kind = win32security.DACL_SECURITY_INFORMATION
        descriptor = win32security.GetFileSecurity(str(self.path), kind)
        said = win32security.ConvertSecurityDescriptorToStringSecurityDescriptor(descriptor, 1, kind)
        self.assertIn("D:P", said)
        self.assertEqual([said.count(f";;;{who})") for who in ("SY", "BA", "OW", "WD", "BU")], [1, 1, 1, 0, 0])

    if sys.platform != "win32":
        test_on_windows_nothing_is_inherited_and_three_may_do_everything.skip = "Windows has lists of rights"  # type: ignore[attr-defined]

    def test_where_none_can_be_is_said(self) -> None:
        self.assertRaises(OSError, write_private, self.path / "none" / "file", "secret")
