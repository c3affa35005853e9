"""``python -m exproxy.simulator.bound …`` is ``twistd …`` bound to whoever started it, instead of to the terminal.

Ctrl-C goes to every process in the foreground of a terminal.  This one leaves it, so that only its starter decides when it ends;
and because a starter that is killed decides nothing any more, it ends when the pipe that is its standard input does.
"""

import os
import signal
from threading import Thread


def leave_terminal() -> None:
    """Begin a session of our own, where there are such things."""
    if hasattr(os, "setsid"):
        os.setsid()


def end_with(descriptor: int) -> None:
    """Wait until the pipe ends, then ask this process to end; nothing is ever written to it.

    A plain read: one of ``sys.stdin`` holds a lock that Python wants when it ends.
    """
    while os.read(descriptor, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    leave_terminal()
    Thread(target=end_with, args=(0,), daemon=True).start()
    from twisted.scripts.twistd import run  # takes a while, in which Ctrl-C is none of our business already

    run()
