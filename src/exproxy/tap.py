"""``twistd exproxy -c conf/site.toml``: the service that twistd runs."""

import os
import signal
import sys
from pathlib import Path
from typing import Any

from twisted.application.service import IService
from twisted.internet import reactor
from twisted.python import usage

from exproxy.config.problems import ConfigError
from exproxy.site.errors import SiteError

_SOCKETS = ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES")
"""What a supervisor says of sockets that it passes: Twisted's endpoints take it out of the environment when they are imported."""


class Options(usage.Options):
    """The command line after ``twistd exproxy``."""

    optParameters = (("config", "c", "exproxy.toml", "The configuration file (TOML)."),)  # noqa: N815 - Twisted's name
    synopsis = "-c FILE"
    longdesc = "A load balancer and reverse proxy for Microsoft Exchange and other mail servers."


def makeService(options: Options) -> IService:
    """Everything that can fail fails here, before twistd leaves the terminal: the file, the ports, the descriptors.

    :raises SystemExit: with status 1, after the reasons were written to standard error.
    """
    _ignore_reloads()
    sockets = {name: os.environ[name] for name in _SOCKETS if name in os.environ}
    from exproxy.site.starting import service_for

    os.environ.update(sockets)
    try:
        return service_for(Path(options["config"]), os.environ, reactor, *_user(options))
    except (ConfigError, SiteError) as error:
        sys.stderr.write(f"{error}\nexproxy is not started.\n")
        raise SystemExit(1) from error


def _ignore_reloads() -> None:
    """Have SIGHUP, which would end us, mean nothing before the configuration is read: what it asks for comes about anyway."""
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)


def _user(options: Options) -> tuple[int | None, int | None]:
    """Whom twistd will make us, once we are made: its ``--uid`` and ``--gid``, which Windows' does not have."""
    twistd: Any = getattr(options, "parent", None) or {}
    return twistd.get("uid"), twistd.get("gid")
