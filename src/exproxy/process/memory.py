"""What stands for the life of a process is no work for the garbage collector.

Modules, types and the configuration are some 60,000 objects, and to look through them takes 10 ms and more, in which nobody is
served.
"""

import gc
from collections.abc import Callable


def settle(collect: Callable[[], object] = gc.collect, freeze: Callable[[], object] = gc.freeze) -> None:
    """Leave out of every later collection what exists now.

    Once, before the first session: what is replaced later and has cycles stays in memory, so that is one configuration at most.
    """
    collect()
    freeze()
