"""What an administrator reads when a server changes."""

from collections.abc import Mapping

from twisted.logger import Logger

from exproxy import pool

_log = Logger()


class Sentences:
    """Logs each transition as a sentence that says what is left.

    :param backends: by name; the first part of a server's full name is one of them.
    """

    def __init__(self, backends: Mapping[str, pool.Backend]) -> None:
        self._backends = backends

    def tell(self, transition: pool.Transition) -> None:
        """One transition; given to :meth:`exproxy.pool.Backend.subscribe`."""
        backend = self._backends[transition.server.partition("/")[0]]
        sentence = backend.describe(transition)
        if backend.usable:
            _log.info("{sentence}", sentence=sentence)
        else:
            _log.error("{sentence}", sentence=sentence)
