"""``python -m exproxy.simulator`` runs the site of the demo; ``… tell ex1 smtp maintenance`` changes it while it runs."""

import sys
from collections.abc import Sequence
from typing import Any, TextIO

from twisted.internet.defer import Deferred
from twisted.internet.task import react
from twisted.python.failure import Failure

from exproxy.simulator.control import HELP
from exproxy.simulator.layout import DEMO
from exproxy.simulator.narrator import narrate
from exproxy.simulator.service import SiteError
from exproxy.simulator.site import Simulator
from exproxy.simulator.tell import tell

USAGE = f"""\
python -m exproxy.simulator                  run the site until Ctrl-C
python -m exproxy.simulator tell COMMAND     say a command to the running site

{HELP}
"""


def run_site(reactor: Any, out: TextIO) -> Deferred[None]:
    """Run the site until the reactor stops; fails with ``SystemExit`` where a port is taken."""
    stop_telling = narrate(out)
    site = Simulator(reactor, DEMO)

    def end() -> Deferred[None]:
        return site.stop().addCallback(lambda _: stop_telling())

    def started(_: None) -> Deferred[None]:
        assert DEMO.control is not None
        host, port = DEMO.control
        out.write(f"the simulated site runs; commands on {host}:{port} (say help)\n")
        out.flush()
        reactor.addSystemEventTrigger("before", "shutdown", end)
        return Deferred()

    def failed(failure: Failure) -> None:
        failure.trap(SiteError)
        raise SystemExit(f"the simulated site cannot start: {failure.value}")

    return site.start().addCallbacks(started, failed)


def main(reactor: Any, arguments: Sequence[str], out: TextIO) -> Deferred[None]:
    """Do what the arguments say."""
    match arguments:
        case []:
            return run_site(reactor, out)
        case ["tell", _, *_]:
            assert DEMO.control is not None
            return tell(reactor, DEMO.control, " ".join(arguments[1:]), out)
        case _:
            raise SystemExit(USAGE)


if __name__ == "__main__":
    react(main, (sys.argv[1:], sys.stdout))
