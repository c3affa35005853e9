"""twistd that tells its Python objects' bytes into the file ``$TRACED`` at SIGRTMIN: ``python -m bench.traced -n exproxy …``."""

import gc
import os
import signal
import tracemalloc
from pathlib import Path

from twisted.scripts.twistd import run


def tell(*_: object) -> None:
    gc.collect()
    path = Path(os.environ["TRACED"])
    partial = path.with_suffix(".partial")
    partial.write_text(str(tracemalloc.get_traced_memory()[0]))
    partial.rename(path)


def main() -> None:
    signal.signal(signal.SIGRTMIN, tell)
    tracemalloc.start()
    run()  # type: ignore[no-untyped-call]  # Twisted's


if __name__ == "__main__":
    main()
