"""From a configuration file to a service that is ready to start."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from exproxy.check.plugins import DuplicateCheckerError, checkers
from exproxy.config.load import load
from exproxy.net import network_for
from exproxy.process.clock import steady
from exproxy.process.memory import settle
from exproxy.process.spawning import spawn, tie
from exproxy.site.core import Site
from exproxy.site.errors import SiteError
from exproxy.site.master import MasterSite
from exproxy.site.service import SiteService


def service_for(path: Path, environ: Mapping[str, str], reactor: Any) -> SiteService:
    """Read the file, bind the ports, open the logs; everything that can fail at the start fails here.

    :raises ConfigError: the file is wrong.
    :raises SiteError: a port, a file or enough descriptors are not to be had; then nothing is held.
    """
    reactor.seconds = steady()
    try:
        found = checkers()
    except DuplicateCheckerError as error:
        raise SiteError([str(error)]) from error
    configuration = load(path, environ, found)
    network = network_for(reactor)
    if configuration.service.workers > 1:
        master = MasterSite(reactor, network, found, configuration, partial(spawn, reactor), partial(tie, reactor))
        service = SiteService(master, reactor)
    else:
        site = Site(reactor, network, found)
        site.apply(configuration)
        service = SiteService(site, reactor)
    settle()
    return service
