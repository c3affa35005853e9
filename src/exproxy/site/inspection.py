"""A look at the files of a configuration that are none of the configuration, before anything is started."""

from collections.abc import Iterable
from pathlib import Path

import attrs

from exproxy.config import model
from exproxy.process.statefile import doubt
from exproxy.site.channels import troubles
from exproxy.site.tls import TLSContexts


@attrs.frozen
class Inspection:
    """:param problems: sentences about what keeps the site from starting.

    :param warnings: about what it would start with, and should not.
    """

    problems: tuple[str, ...]
    warnings: tuple[str, ...]


def inspect(configuration: model.Configuration) -> Inspection:
    """Read certificates, keys, authorities and OCSP answers as a start would."""
    contexts = TLSContexts(configuration.profiles, 0.0)
    contexts.make_all(configuration)
    if configuration.admin is not None:
        contexts.admin(configuration.admin.tls)
    untold = troubles(configuration.notify) if configuration.notify is not None else ()
    return Inspection((*contexts.troubles, *untold), (*contexts.warnings(), *_doubts(configuration.service.state)))


def _doubts(state: Path | None) -> Iterable[str]:
    """What keeps the state from being written, as far as whoever looks now can tell."""
    why = "" if state is None else doubt(state)
    if why:
        yield f"service.state: {state} cannot be written: {why}"
