"""The real service manager: a service is made, looked at and removed; tests/windows has its life."""

import sys
from pathlib import PureWindowsPath

from twisted.trial.unittest import SynchronousTestCase

from exproxy.winservice.answers import ManagerError
from exproxy.winservice.order import Kept, Order
from exproxy.winservice.status import STOPPED

if sys.platform == "win32":
    from exproxy.winservice import manager


class ManagerTests(SynchronousTestCase):
    skip = None if sys.platform == "win32" else "Windows has services, and pywin32; make test-windows"

    order = Order(PureWindowsPath(r"C:\exproxy\site.toml"), PureWindowsPath(r"C:\exproxy\exproxy.log"), start="manual")

    def test_an_installed_service_has_stopped_and_keeps_its_paths(self) -> None:
        manager.install(self.order)
        self.addCleanup(manager.remove)
        self.assertEqual((manager.look().state, manager.kept()), (STOPPED, Kept(self.order.configuration, self.order.log)))

    def test_it_is_installed_once(self) -> None:
        manager.install(self.order)
        self.addCleanup(manager.remove)
        error = self.assertRaises(ManagerError, manager.install, self.order)
        self.assertEqual(str(error), "there is a service exproxy already: exproxy service remove")

    def test_one_that_does_not_run_cannot_be_stopped(self) -> None:
        manager.install(self.order)
        self.addCleanup(manager.remove)
        self.assertEqual(self.assertRaises(ManagerError, manager.stop).code, 1062)

    def test_removed_it_is_gone(self) -> None:
        manager.install(self.order)
        manager.remove()
        for call in (manager.look, manager.start, manager.stop, manager.remove):
            error = self.assertRaises(ManagerError, call)
            self.assertIn("there is no service exproxy", str(error))
