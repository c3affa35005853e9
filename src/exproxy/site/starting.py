"""From a configuration file to a service that is ready to start."""

import os
import sys
from collections.abc import Mapping, MutableMapping
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
from exproxy.site.service import Nobody, SiteService, Told
from exproxy.wire.errors import WireError
from exproxy.wire.systemd import Ordered, take

_log = Logger()


def service_for(
    path: Path, environ: MutableMapping[str, str], reactor: Any, uid: int | None = None, gid: int | None = None
) -> SiteService:
    """Read the file, bind the ports, open the logs; everything that can fail at the start fails here.

    :param environ: what a supervisor says to us is taken out of it.
    :param uid: of the user that we shall be afterwards; ``None``: no other than now.
    :param gid: likewise.
    :raises ConfigError: the file is wrong.
    :raises SiteError: a port, a file or enough descriptors are not to be had; then nothing is held.
    """
    if uid is None and gid is None:
        return _service(path, environ, reactor)
    from exproxy.process.privileges import PrivilegesError, acting_as, owner  # not to be had on Windows

    try:
        with acting_as(owner(uid, gid)):
            return _service(path, environ, reactor)
    except PrivilegesError as error:
        raise SiteError([str(error)]) from error


def _service(path: Path, environ: MutableMapping[str, str], reactor: Any) -> SiteService:
    ordered = _ordered(environ)
    site = site_for(path, environ, reactor, ordered.names)
    told: Told = Nobody()
    if ordered.notify is not None:
        told = Herald(reactor, Post(ordered.notify).send, ordered.watchdog, partial(_summary, site))
    return SiteService(site, reactor, told)


def site_for(path: Path, environ: Mapping[str, str], reactor: Any, names: tuple[str, ...] = ()) -> MasterSite | Site:
    """What the service runs, without a service around it.

    :param names: of the sockets that a supervisor has passed.
    :raises ConfigError: as :func:`service_for`.
    :raises SiteError: likewise.
    """
    reactor.seconds = steady()
    try:
        found = checkers()
    except DuplicateCheckerError as error:
        raise SiteError([str(error)]) from error
    # twistd may go to another folder when it becomes a daemon
    read = partial(load, path.absolute(), environ, found)
    configuration = read()
    passed = PassedSockets(names)
    network = network_for(reactor)
    if names:
        network = PassedNetwork(network, passed)
    site: MasterSite | Site
    if configuration.service.workers > 1:
        _ensure_interpreter()
        site = MasterSite(reactor, network, found, configuration, partial(spawn, reactor), partial(tie, reactor))
    else:
        site = Site(reactor, network, found)
        site.apply(configuration)
    site.reloading.read_by(read)
    for sentence in passed.used:
        _log.info("{sentence}", sentence=sentence)
    for sentence in (*passed.troubles, *passed.unused):
        _log.warn("{sentence}", sentence=sentence)
    settle()
    return site


def _summary(site: MasterSite | Site) -> str:
    """Also for who reads no log: that a reload has failed shows nowhere else."""
    return f"{site.summary()}{', the last reload was refused: the log says why' if site.reloading.refused else ''}"


def _ordered(environ: MutableMapping[str, str]) -> Ordered:
    try:
        return take(environ, os.getpid())
    except WireError as error:
        raise SiteError([f"the environment: {error}; is it systemd that started us?"]) from error


def _ensure_interpreter() -> None:
    """Workers are forked by another process of it, which begins when we are who we shall be."""
    if not os.access(sys.executable, os.X_OK, effective_ids=os.access in os.supports_effective_ids):
        words = (
            f"service.workers: {sys.executable} may not be run by the user that this process becomes (--uid), and workers need it"
        )
        raise SiteError([f"{words}: install exproxy where that user may read it, /opt/exproxy for instance"])
