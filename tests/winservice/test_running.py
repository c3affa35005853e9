"""What the service is built of; tests/windows has its life."""

import sys
from pathlib import Path, PureWindowsPath

from twisted.logger import globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from exproxy.site.errors import SiteError
from exproxy.winservice.answers import ManagerError
from exproxy.winservice.order import Kept

if sys.platform == "win32":
    from exproxy.winservice import manager, running


class BuildTests(SynchronousTestCase):
    skip = None if sys.platform == "win32" else "Windows has services, and pywin32; make test-windows"

    def setUp(self) -> None:
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        self.built: list[tuple[object, ...]] = []
        self.observers: list[object] = []
        self.patch(running, "site_for", lambda *arguments: self.built.append(arguments))
        self.patch(globalLogPublisher, "addObserver", self.observers.append)

    def keep(self, log: Path) -> None:
        kept = Kept(PureWindowsPath(self.folder / "site.toml"), PureWindowsPath(log))
        self.patch(manager, "kept", lambda: kept)

    def test_it_is_built_of_the_configuration_that_is_kept_and_writes_the_log(self) -> None:
        self.keep(self.folder / "exproxy.log")
        reactor = object()
        running.build(reactor)
        ((path, _, given),) = self.built
        self.assertEqual((path, given), (self.folder / "site.toml", reactor))
        self.assertEqual(len(self.observers), 1)

    def test_a_log_that_cannot_be_opened_is_a_reason_not_to_start(self) -> None:
        self.keep(self.folder / "none" / "exproxy.log")
        error = self.assertRaises(SiteError, running.build, object())
        self.assertIn("may the service's account write there?", str(error))

    def test_so_is_a_registry_that_cannot_be_read(self) -> None:
        def kept() -> Kept:
            raise ManagerError(5, "")

        self.patch(manager, "kept", kept)
        error = self.assertRaises(SiteError, running.build, object())
        self.assertIn("cannot be read in the registry", str(error))
