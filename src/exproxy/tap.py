"""``twistd exproxy -c conf/site.toml``: the service that twistd runs."""

import os
import sys
from pathlib import Path
from typing import Any

from twisted.application.service import IService
from twisted.internet import reactor
from twisted.python import usage

from exproxy.check.plugins import checkers
from exproxy.config.load import load
from exproxy.config.problems import ConfigError
from exproxy.net import network_for
from exproxy.site import Site, SiteError, SiteService


class Options(usage.Options):
    """The command line after ``twistd exproxy``."""

    optParameters = (("config", "c", "exproxy.toml", "The configuration file (TOML)."),)  # noqa: N815 - Twisted's name
    synopsis = "twistd [options] exproxy -c FILE"
    longdesc = "A load balancer and reverse proxy for Microsoft Exchange and other mail servers."


def makeService(options: Options) -> IService:
    """Everything that can fail fails here, before twistd leaves the terminal: the file, the ports, the descriptors.

    :raises SystemExit: with status 1, after the reasons were written to standard error.
    """
    live: Any = reactor
    found = checkers()
    try:
        configuration = load(Path(options["config"]), os.environ, {name: checker.options for name, checker in found.items()})
        site = Site(live, network_for(live), found)
        site.apply(configuration)
    except (ConfigError, SiteError) as error:
        sys.stderr.write(f"{error}\nexproxy is not started.\n")
        raise SystemExit(1) from error
    return SiteService(site, live)
