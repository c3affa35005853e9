"""From a configuration file to a service that is ready to start."""

import os
from collections.abc import MutableMapping
from functools import partial
from pathlib import Path
from typing import Any

from twisted.logger import Logger

from exproxy.check.plugins import DuplicateCheckerError, checkers
from exproxy.config.load import load
from exproxy.net import network_for
from exproxy.net.passed import PassedNetwork, PassedSockets
from exproxy.process.clock import steady
from exproxy.process.herald import Herald, Post
from exproxy.process.memory import settle
from exproxy.process.spawning import spawn, tie
from exproxy.site.core import Site
from exproxy.site.errors import SiteError
from exproxy.site.master import MasterSite
from exproxy.site.service import Nobody, SiteService
from exproxy.wire.errors import WireError
from exproxy.wire.systemd import Ordered, take

_log = Logger()


def service_for(path: Path, environ: MutableMapping[str, str], reactor: Any) -> SiteService:
    """Read the file, bind the ports, open the logs; everything that can fail at the start fails here.

    :param environ: what a supervisor says to us is taken out of it.
    :raises ConfigError: the file is wrong.
    :raises SiteError: a port, a file or enough descriptors are not to be had; then nothing is held.
    """
    reactor.seconds = steady()
    ordered = _ordered(environ)
    try:
        found = checkers()
    except DuplicateCheckerError as error:
        raise SiteError([str(error)]) from error
    configuration = load(path, environ, found)
    passed = PassedSockets(ordered.names)
    network = network_for(reactor)
    if ordered.names:
        network = PassedNetwork(network, passed)
    site: MasterSite | Site
    if configuration.service.workers > 1:
        site = MasterSite(reactor, network, found, configuration, partial(spawn, reactor), partial(tie, reactor))
    else:
        site = Site(reactor, network, found)
        site.apply(configuration)
    for sentence in passed.used:
        _log.info("{sentence}", sentence=sentence)
    for sentence in (*passed.troubles, *passed.unused):
        _log.warn("{sentence}", sentence=sentence)
    told = Nobody() if ordered.notify is None else Herald(reactor, Post(ordered.notify).send, ordered.watchdog, site.summary)
    service = SiteService(site, reactor, told)
    settle()
    return service


def _ordered(environ: MutableMapping[str, str]) -> Ordered:
    try:
        return take(environ, os.getpid())
    except WireError as error:
        raise SiteError([f"the environment: {error}; is it systemd that started us?"]) from error
