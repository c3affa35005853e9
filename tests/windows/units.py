"""``python -m tests.windows.units MODULE ...``, in Windows' Python: trial, without what cannot hold there."""

import sys

from hypothesis import HealthCheck, settings
from twisted.internet import iocpreactor
from twisted.python.reflect import namedAny
from twisted.scripts.trial import run

UNIX = "no unix sockets on Windows"
FORK = "no fork on Windows"
SIGNALS = "no such signals on Windows"
PATHS = "looks at paths as POSIX writes them"
RIGHTS = "rights of files are lists on Windows"
LOW = "ports below 1024 need no right on Windows"
OPEN = "Windows renames no file that is open, and has no such files"

LEFT_OUT = {
    "tests.process.test_statefile.BrokenTests.test_every_truncation_is_seen": "thousands of files, for which Wine takes minutes",
    "tests.process.test_forks.ForksTests.test_a_fork_server_that_does_not_end_is_killed": FORK,
    "tests.process.test_forks.ForksTests.test_a_fork_server_that_does_not_kill_is_killed": FORK,
    "tests.process.test_forks.ForksTests.test_a_fork_server_that_never_forked_is_killed_with_the_one_who_waits": FORK,
    "tests.process.test_signals.SignalTests": SIGNALS,
    "tests.process.test_spawning.SpawnTests": UNIX,
    "tests.config.test_load.LoadTests.test_auto_is_a_worker_for_each_core": FORK,
    "tests.admin.test_ports.PortsTests": UNIX,
    "tests.admin.test_peer.PeerTests.test_at_a_unix_socket_the_kernel_knows_the_user": UNIX,
    "tests.config.test_admin.AdminTests.test_a_socket_has_a_path_that_fits": UNIX,
    "tests.config.test_toml.ValueTests.test_paths_are_strings_and_tuples_lists": PATHS,
    "tests.net.tls.test_certificates.LoadTests.test_files_that_are_nothing": PATHS,
    "tests.cli.test_connection.ReachedTests.test_so_may_the_environment": PATHS,
    "tests.cli.test_connection.UnreachedTests.test_each_reason_has_its_sentence_and_the_code_is_3": PATHS,
    "tests.cli.test_output.SayTests.test_when_the_reader_has_gone_nothing_is_printed_and_nobody_complains": "other pipes",
    "tests.proxy.accesslog.test_sinks.FileSinkTests": f"{RIGHTS}; {OPEN}",
    "tests.proxy.accesslog.test_sinks.StdoutSinkTests": "no pipe on Windows says that it is full",
    "tests.proxy.accesslog.test_syslog.OpenSyslogTests.test_a_unix_socket": UNIX,
    "tests.proxy.accesslog.test_syslog.OpenSyslogTests.test_a_unix_socket_that_nobody_holds_is_no_error_and_leaks_nothing": UNIX,
    "tests.site.test_core.ApplyTests.test_more_sessions_than_descriptors_are_refused_with_the_numbers": "no such limit",
    "tests.site.test_core.EndTests.test_logs_are_reopened": OPEN,
    "tests.site.test_heirloom.HeirloomTests": FORK,
    "tests.site.test_master.MasterSiteTests": FORK,
    "tests.site.test_service.SiteServiceTests": SIGNALS,
    "tests.site.test_logs.AccessLogTests.test_a_file_that_cannot_be_opened_is_said": PATHS,
    "tests.simulator.test_bound.BoundTests.test_it_has_a_session_of_its_own": "no sessions of processes on Windows",
    "tests.simulator.test_guide.GuideTests": PATHS,
    "tests.process.test_statefile.WritingTests.test_only_the_owner_may_read_it_and_nothing_else_is_left": RIGHTS,
    "tests.config.test_load.LoadTests.test_there_may_be_several_workers": FORK,
    "tests.site.test_starting.ServiceForTests.test_workers_need_an_interpreter_that_the_process_may_run": FORK,
    "tests.site.test_worker.ReloadTests": FORK,
    "tests.site.test_administration.AdministrationTests.test_the_socket_is_for_its_owner_and_group": UNIX,
    "tests.site.test_core.ReloadTests.test_a_low_port_that_may_not_be_bound_any_more_leaves_all_as_it_was_and_says_why": LOW,
    "tests.test_tap": PATHS,
    "tests.test_imports.ReaderTests.test_a_forbidden_import_is_found": PATHS,
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
    # examples are slow to make there, above all on a machine that does other things too, which is no fault of what is tested
    settings.register_profile("wine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("wine")
    for name in leave_out():
        sys.exit(f"{name} is not there any more: take it out of {__file__}")
    sys.argv[0] = "trial"
    run()
