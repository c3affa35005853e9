"""A look at the files of a configuration that are none of the configuration, before anything is started."""

import attrs

from exproxy.config import model
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
    return Inspection(tuple(contexts.troubles), tuple(contexts.warnings()))
