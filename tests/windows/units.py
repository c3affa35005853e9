"""``python -m tests.windows.units MODULE ...``, in Windows' Python: trial, without what cannot hold there."""

import sys

from twisted.internet import iocpreactor
from twisted.python.reflect import namedAny
from twisted.scripts.trial import run

UNIX = "no unix sockets on Windows"
FORK = "no fork on Windows"
SIGNALS = "no such signals on Windows"
PATHS = "looks at paths as POSIX writes them"
RIGHTS = "rights of files are lists on Windows"
LOW = "ports below 1024 need no right on Windows"
OPEN = "Windows renames no file that is open"
FIFO = "no such files on Windows"
PIPES = "no pipe on Windows says that it is full"

LEFT_OUT = {
    "tests.admin.test_peer.PeerTests.test_at_a_unix_socket_the_kernel_knows_the_user": UNIX,
    "tests.admin.test_ports.PortsTests": UNIX,
    "tests.cli.test_output.SayTests.test_when_the_reader_has_gone_nothing_is_printed_and_nobody_complains": "other pipes",
    "tests.config.test_admin.AdminTests.test_a_socket_has_a_path_that_fits": UNIX,
    "tests.config.test_load.LoadTests.test_auto_is_a_worker_for_each_core": FORK,
    "tests.config.test_load.LoadTests.test_there_may_be_several_workers": FORK,
    "tests.process.test_forks.ForksTests.test_a_fork_server_that_does_not_end_is_killed": FORK,
    "tests.process.test_forks.ForksTests.test_a_fork_server_that_does_not_kill_is_killed": FORK,
    "tests.process.test_forks.ForksTests.test_a_fork_server_that_never_forked_is_killed_with_the_one_who_waits": FORK,
    "tests.process.test_signals.SignalTests": SIGNALS,
    "tests.process.test_spawning.SpawnTests": UNIX,
    "tests.process.test_statefile.BrokenTests.test_every_truncation_is_seen": "thousands of files, for which Wine takes minutes",
    "tests.process.test_statefile.WritingTests.test_only_the_owner_may_read_it_and_nothing_else_is_left": RIGHTS,
    "tests.proxy.accesslog.test_sinks.FileSinkTests.test_a_fifo_that_nobody_reads_does_not_hold_the_process": FIFO,
    "tests.proxy.accesslog.test_sinks.FileSinkTests.test_after_reopen_lines_go_to_a_new_file": OPEN,
    "tests.proxy.accesslog.test_sinks.FileSinkTests.test_others_may_not_read_it": RIGHTS,
    "tests.proxy.accesslog.test_sinks.FileSinkTests.test_when_reopen_fails_the_old_file_is_kept_and_that_is_said": OPEN,
    "tests.proxy.accesslog.test_sinks.StdoutSinkTests.test_a_reader_that_does_not_read_blocks_nobody": PIPES,
    "tests.proxy.accesslog.test_sinks.StdoutSinkTests.test_the_descriptors_mode_is_left_alone": PIPES,
    "tests.proxy.accesslog.test_sinks.StdoutSinkTests.test_what_waited_is_written_when_the_reader_reads_again": PIPES,
    "tests.proxy.accesslog.test_sinks.StdoutSinkTests.test_what_waits_is_bounded": PIPES,
    "tests.proxy.accesslog.test_syslog.OpenSyslogTests.test_a_unix_socket": UNIX,
    "tests.proxy.accesslog.test_syslog.OpenSyslogTests.test_a_unix_socket_that_nobody_holds_is_no_error_and_leaks_nothing": UNIX,
    "tests.simulator.test_bound.BoundTests.test_it_has_a_session_of_its_own": "no sessions of processes on Windows",
    "tests.simulator.test_guide.GuideTests.test_it_says_where_to_look": PATHS,
    "tests.site.test_administration.AdministrationTests.test_the_socket_is_for_its_owner_and_group": UNIX,
    "tests.site.test_core.ApplyTests.test_more_sessions_than_descriptors_are_refused_with_the_numbers": "no such limit",
    "tests.site.test_core.EndTests.test_logs_are_reopened": OPEN,
    "tests.site.test_core.ReloadTests.test_a_low_port_that_may_not_be_bound_any_more_leaves_all_as_it_was_and_says_why": LOW,
    "tests.site.test_heirloom.HeirloomTests": FORK,
    "tests.site.test_master.MasterSiteTests": FORK,
    "tests.site.test_service.SiteServiceTests": SIGNALS,
    "tests.site.test_starting.ServiceForTests.test_workers_need_an_interpreter_that_the_process_may_run": FORK,
    "tests.site.test_worker.ReloadTests": FORK,
}
"""Modules, test cases and tests, each with the reason for which it is skipped."""


def leave_out() -> list[str]:
    """Mark them; returns the names of those that are not there any more."""
    gone = []
    for name, reason in LEFT_OUT.items():
        try:
            namedAny(name).skip = reason
        except (AttributeError, ImportError):
            gone.append(name)
    return gone


if __name__ == "__main__":
    iocpreactor.install()  # before any test asks for the reactor
    for name in leave_out():
        sys.exit(f"{name} is not there any more: take it out of {__file__}")
    sys.argv[0] = "trial"
    run()
