"""``exproxy service``, with a manager in memory."""

import sys
from pathlib import Path, PureWindowsPath
from types import SimpleNamespace

from click.testing import CliRunner, Result
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from exproxy.cli import main
from exproxy.winservice.answers import NOT_ACTIVE, ManagerError
from exproxy.winservice.order import Kept, Order
from exproxy.winservice.status import RUNNING, START_PENDING, STOP_PENDING, STOPPED
from exproxy.winservice.waiting import Seen


class FakeManager:
    """``seen`` is what it sees next, the last of it for ever; ``refusals`` what it does not do."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.orders: list[Order] = []
        self.seen = [Seen(RUNNING, process=4711)]
        self.refusals: dict[str, ManagerError] = {}

    def install(self, order: Order) -> list[str]:
        self._call("install")
        self.orders.append(order)
        return ["the delayed start is not set"] if order.start == "delayed" else []

    def remove(self) -> None:
        self._call("remove")

    def start(self) -> None:
        self._call("start")

    def stop(self) -> None:
        self._call("stop")

    def look(self) -> Seen:
        return self.seen.pop(0) if len(self.seen) > 1 else self.seen[0]

    def kept(self) -> Kept:
        self._call("kept")
        return Kept(self.orders[-1].configuration, self.orders[-1].log)

    def _call(self, name: str) -> None:
        self.calls.append(name)
        if name in self.refusals:
            raise self.refusals[name]


class ServiceTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.manager = FakeManager()
        clock = Clock()
        module = sys.modules["exproxy.cli.service"]  # the package has the command by that name
        self.patch(sys, "platform", "win32")
        self.patch(module, "_manager", lambda: self.manager)
        self.patch(module, "time", SimpleNamespace(sleep=clock.advance, monotonic=clock.seconds))

    def run_with(self, *arguments: str) -> Result:
        return CliRunner().invoke(main, ["service", *arguments])

    def install(self, *arguments: str) -> Result:
        self.file = Path(self.mktemp())
        self.file.write_text("")
        return self.run_with("install", "-c", str(self.file), *arguments)

    def test_installed_it_keeps_the_whole_path_and_writes_its_log_beside(self) -> None:
        result = self.install()
        (order,) = self.manager.orders
        self.assertEqual(result.exit_code, 0, result.output)
        self.assertEqual(order.configuration, PureWindowsPath(self.file.absolute()))
        self.assertEqual(order.log, PureWindowsPath(self.file.absolute().with_name("exproxy.log")))
        self.assertEqual((order.account, order.password, order.start), (r"NT SERVICE\exproxy", None, "auto"))
        self.assertIn("icacls", result.output)

    def test_a_configuration_has_to_be_there(self) -> None:
        result = self.run_with("install", "-c", "none.toml")
        self.assertEqual((result.exit_code, self.manager.calls), (2, []))

    def test_after_a_failure_it_is_started_again_unless_that_is_not_wanted(self) -> None:
        self.install("--restart-after", "20")
        self.install("--recovery", "none")
        self.assertEqual([order.restart_after for order in self.manager.orders], [(20.0, 60.0, 120.0), ()])

    def test_what_windows_does_not_take_is_said_and_no_reason_to_give_up(self) -> None:
        result = self.install("--start", "delayed")
        self.assertEqual((result.exit_code, result.stderr), (0, "the delayed start is not set\n"))

    def test_an_account_s_password_is_asked_for(self) -> None:
        path = Path(self.mktemp())
        path.write_text("")
        arguments = ["service", "install", "-c", str(path), "--account", "CORP\\anna"]
        result = CliRunner().invoke(main, arguments, input="secret\n")
        self.assertEqual((result.exit_code, self.manager.orders[0].password), (0, "secret"))
        self.assertNotIn("secret", result.output)

    def test_those_of_the_system_have_none(self) -> None:
        self.install("--account", "LocalService", "--password", "unused")
        self.assertEqual(self.manager.orders[0].password, None)

    def test_a_refusal_is_said(self) -> None:
        self.manager.refusals["install"] = ManagerError(1073, "")
        result = self.install()
        self.assertEqual((result.exit_code, result.stderr), (1, "there is a service exproxy already: exproxy service remove\n"))

    def test_the_configuration_may_be_named_each_time(self) -> None:
        self.install()
        for order in ("start", "stop", "restart", "remove"):
            self.manager.seen = [Seen(STOPPED if order == "stop" else RUNNING)]
            if order in ("restart", "remove"):
                self.manager.refusals["stop"] = ManagerError(NOT_ACTIVE, "")
            result = self.run_with(order, "-c", str(self.file))
            self.assertEqual((result.exit_code, result.stderr), (0, ""), order)

    def test_another_configuration_than_the_service_s_is_refused_and_nothing_happens(self) -> None:
        self.install()
        for order in ("start", "stop", "restart", "remove"):
            result = self.run_with(order, "-c", "other.toml")
            self.assertEqual(result.exit_code, 1)
            self.assertIn(f"has another configuration, {PureWindowsPath(self.file.absolute())}", result.stderr)
        self.assertEqual(set(self.manager.calls), {"install", "kept"})

    def test_where_there_is_no_service_that_is_said_first(self) -> None:
        self.manager.refusals["kept"] = ManagerError(2, "there is none")
        result = self.run_with("start", "-c", "site.toml")
        self.assertEqual((result.exit_code, self.manager.calls), (1, ["kept"]))

    def test_a_start_is_done_when_it_runs(self) -> None:
        self.manager.seen = [Seen(START_PENDING, hint=60), Seen(START_PENDING, hint=60), Seen(RUNNING, process=4711)]
        result = self.run_with("start")
        self.assertEqual((result.exit_code, result.output), (0, "exproxy runs, process 4711\n"))

    def test_a_start_that_fails_is_said_with_the_code_and_where_the_reason_is(self) -> None:
        self.manager.seen = [Seen(START_PENDING), Seen(STOPPED, 1, own=True)]
        result = self.run_with("start")
        self.assertEqual(result.exit_code, 1)
        self.assertIn("exproxy did not start (code 1): the event log says why", result.stderr)

    def test_windows_own_errors_are_told_from_ours(self) -> None:
        self.manager.seen = [Seen(STOPPED, 1069)]
        self.assertIn("(Windows' error 1069)", self.run_with("start").stderr)

    def test_a_start_without_a_sign_of_life_is_given_up(self) -> None:
        self.manager.seen = [Seen(START_PENDING)]
        result = self.run_with("start")
        self.assertEqual(result.exit_code, 1)
        self.assertIn("no sign of life for 10 s", result.stderr)

    def test_a_start_that_is_not_even_tried_is_said(self) -> None:
        self.manager.refusals["start"] = ManagerError(1060, "")
        self.assertEqual(self.run_with("start").stderr, "there is no service exproxy: exproxy service install -c FILE\n")

    def test_a_stop_waits_until_the_last_session_is_over(self) -> None:
        pending = [Seen(STOP_PENDING, point=point, hint=15) for point in range(100)]
        self.manager.seen = [*pending, Seen(STOPPED)]
        result = self.run_with("stop")
        self.assertEqual(result.exit_code, 0)
        self.assertTrue(result.output.endswith("exproxy has stopped\n"))

    def test_a_stop_of_one_that_does_not_answer_names_the_process(self) -> None:
        self.manager.seen = [Seen(STOP_PENDING, process=4711)]
        result = self.run_with("stop")
        self.assertEqual(result.exit_code, 1)
        self.assertIn("taskkill /f /pid 4711", result.stderr)

    def test_a_stop_of_one_that_does_not_run_is_done_already(self) -> None:
        self.manager.refusals["stop"] = ManagerError(1062, "")
        result = self.run_with("stop")
        self.assertEqual((result.exit_code, result.output), (0, "exproxy does not run\n"))

    def test_a_stop_that_is_refused_is_said(self) -> None:
        self.manager.refusals["stop"] = ManagerError(5, "")
        result = self.run_with("stop")
        self.assertEqual(result.exit_code, 1)
        self.assertIn("Run as administrator", result.stderr)

    def test_a_restart_is_both(self) -> None:
        self.manager.seen = [Seen(STOPPED), Seen(RUNNING, process=1)]
        result = self.run_with("restart")
        self.assertEqual((result.exit_code, self.manager.calls), (0, ["stop", "start"]))

    def test_a_restart_of_one_that_does_not_run_starts_it(self) -> None:
        self.manager.refusals["stop"] = ManagerError(1062, "")
        self.assertEqual((self.run_with("restart").exit_code, self.manager.calls), (0, ["stop", "start"]))

    def test_one_that_runs_is_stopped_before_it_is_removed(self) -> None:
        self.manager.seen = [Seen(STOPPED)]
        result = self.run_with("remove")
        self.assertEqual((result.exit_code, self.manager.calls), (0, ["stop", "remove"]))


class ElsewhereTests(SynchronousTestCase):
    def test_the_systemd_unit_is_named_instead(self) -> None:
        self.patch(sys, "platform", "linux")
        for command in ("install", "start", "stop", "restart", "remove"):
            result = CliRunner().invoke(main, ["service", command])
            self.assertEqual(result.exit_code, 1)
            self.assertIn("the unit is exproxy.service", result.stderr)
            self.assertIn("docs/linux.md", result.stderr)
