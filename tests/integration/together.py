"""What workers count together, each knows a moment later: how a test waits until all of them do."""

import time

from exproxy.process.worker import BATCH
from tests.integration.proxy import Proxy


def all_know(proxy: Proxy) -> None:
    """Return when each worker has heard what the others had counted before the call.

    Workers tell within :data:`BATCH`, in the pair of sockets in which they answer questions for their sessions, and the master
    passes it on at once, in the pair in which it asks.  So with the second answer of a worker all of it has been told, and with
    the third of another one it was heard.  The pause is no guess: behind it the news are due, and go before the second answer.
    """
    time.sleep(2 * BATCH)
    for _ in range(3):
        proxy.wait_for_workers()
