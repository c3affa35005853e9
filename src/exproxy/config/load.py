"""Files in, :class:`~exproxy.config.model.Configuration` out, or everything that is wrong with them."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import attrs

from exproxy.config import exchange, exchangeweb
from exproxy.config.admin import AdminBuilder
from exproxy.config.advice import advise
from exproxy.config.checks import ChecksBuilder
from exproxy.config.kinds import CheckerType
from exproxy.config.kinship import related
from exproxy.config.listeners import FrontendsBuilder
from exproxy.config.mail import check_servers
from exproxy.config.mapping import MapperBuilder, interface_problem
from exproxy.config.model import Configuration, Log, Service
from exproxy.config.notify import NotifyBuilder
from exproxy.config.persistence import check_uses
from exproxy.config.problems import ConfigError, KeyPath, Problem
from exproxy.config.report import Report
from exproxy.config.sections import DocumentSection, ExchangeSection, ServiceSection
from exproxy.config.servers import BackendsBuilder
from exproxy.config.sources import Tree, read
from exproxy.config.structuring import structure
from exproxy.config.tls import TLSBuilder
from exproxy.config.web import refuse_elsewhere


def load(path: Path, environ: Mapping[str, str], checkers: Mapping[str, CheckerType]) -> Configuration:
    """Read a configuration file and all that it includes.

    :param environ: where ``${NAME}`` is looked up.
    :param checkers: the types of checks, by name.
    :raises ConfigError: one syntax error, or everything else that is wrong.
    """
    tree = read(path, environ)
    expected, doubts = _expand_template(tree, checkers)
    document, damaged = structure(tree, DocumentSection, checkers)
    if document is None:
        raise ConfigError(tree.problems)
    report = Report(tree, frozenset(damaged), expected, doubts)
    configuration = _build(document, report, checkers)
    if tree.problems:
        order = {file: number for number, file in enumerate(tree.files)}
        raise ConfigError(sorted(tree.problems, key=lambda problem: (order.get(problem.file, 0), problem.line or 0)))
    return configuration


def _expand_template(tree: Tree, checkers: Mapping[str, CheckerType]) -> tuple[frozenset[str], list[Problem]]:
    """Put what [exchange] stands for under what the file says.

    :returns: names that the template would have made, had it not been broken; and warnings.
    """
    if "exchange" not in tree.values:
        return frozenset(), []
    values = tree.values["exchange"]
    section, damaged = structure(tree, ExchangeSection, checkers, ("exchange",))
    if section is not None:
        report = Report(tree, frozenset(damaged))
        found = exchange.problems(section)
        for path, wrong in found:
            report.problem(("exchange", *path), wrong.message, wrong.hint)
        if not found and not damaged:
            _underlay(tree, tree.values, exchange.expand(section, values, tree.values.get("defaults", {})), ())
            _same_places(tree)
            for path, doubt in exchangeweb.warnings(section):
                report.warning(("exchange", *path), doubt.message, doubt.hint)
            return frozenset(), report.warnings
    return exchange.known_names(values if isinstance(values, dict) else {}), []


def _underlay(tree: Tree, values: dict[str, Any], template: Mapping[str, Any], path: KeyPath) -> None:
    for word, item in template.items():
        here = (*path, word)
        if word not in values:
            values[word] = item
            tree.places[here] = tree.places["exchange",]
        elif isinstance(values[word], dict) and isinstance(item, dict):
            _underlay(tree, values[word], item, here)


def _same_places(tree: Tree) -> None:
    """What a template passes on stands where it was said: that is the line, and the folder of a path."""
    template = tree.places["exchange",]
    for path, place in tuple(tree.places.items()):
        for made in exchangeweb.passed_on(path):
            if tree.places.get(made, template) == template:
                tree.places[made] = place


def _build(document: DocumentSection, report: Report, checkers: Mapping[str, CheckerType]) -> Configuration:
    servers = BackendsBuilder(document, report, ChecksBuilder(report, checkers, document.defaults.check))
    servers.build()
    listeners = FrontendsBuilder(document, report, MapperBuilder(document, report, interface_problem(checkers)))
    listeners.build()
    check_servers(listeners.frontends, servers.backends, report)
    refuse_elsewhere(document, report)
    configuration = Configuration(
        files=tuple(file.absolute() for file in report.tree.files),
        service=_service(document.service, report),
        hosts=servers.hosts,
        tables=servers.tables,
        frontends=listeners.frontends,
        backends=related(servers.backends, listeners.frontends, report),
        admin=None if document.admin is None else AdminBuilder(report).build(document.admin, listeners.frontends),
        notify=None if document.notify is None else NotifyBuilder(report).build(document.notify),
        profiles={name: TLSBuilder(report).profile(name, section) for name, section in document.tls.profiles.items()},
    )
    check_uses(configuration, report)
    if not report.tree.problems:
        advise(configuration, report)
    return attrs.evolve(configuration, warnings=tuple(report.warnings))


def _cores() -> int:
    """What ``auto`` means: as many as there are for us, and one where there can be no more."""
    if sys.platform == "win32":
        return 1
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def _service(section: ServiceSection, report: Report) -> Service:
    workers = _cores() if section.workers == "auto" else section.workers
    if workers < 1:
        report.problem(("service", "workers"), f"workers is {workers}, but has to be at least 1")
    elif workers > 1 and sys.platform == "win32":
        report.problem(("service", "workers"), "Windows has one worker: sockets cannot be shared there", "write workers = 1")
    access: Path | Literal["stdout"] | None = None
    if section.log.access == "stdout":
        access = "stdout"
    elif section.log.access is not None:
        access = report.file(("service", "log", "access"), section.log.access)
    state = None if section.state is None else report.file(("service", "state"), section.state)
    return Service(section.maxconn, workers, Log(section.log.format, access, section.log.syslog), state)
