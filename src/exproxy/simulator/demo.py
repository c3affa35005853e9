"""``make demo``: the real proxy in front of the simulated site, with a guide to what to try.

The proxy runs as a process of its own, so the demo shows what an installation does; nothing here knows how it works.  It has the
certificate of the servers, in a file that lives as long as the demo.
"""

import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any, TextIO

from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.task import deferLater, react
from twisted.python.failure import Failure

from exproxy.simulator.child import Proxy, proxy_command
from exproxy.simulator.greeting import greeted
from exproxy.simulator.guide import FRONT, guide
from exproxy.simulator.layout import DEMO
from exproxy.simulator.narrator import narrate
from exproxy.simulator.service import SiteError
from exproxy.simulator.site import Simulator

CONFIGURATION = Path("conf/demo.toml")
CERTIFICATE = "EXPROXY_DEMO_CERTIFICATE"
"""The environment variable by which the configuration knows the file."""
START_LIMIT = 30.0
"""Seconds until the first client has to be served."""

SETTLE = 1.5
"""Seconds from then to the guide: the first checks are spread over their interval of a second, and what they find is not to
stand in the middle of it."""


class Demo:
    """Site and proxy, started and ended together.

    :param configuration: what the proxy runs with; it has to name the addresses of :data:`exproxy.simulator.layout.DEMO`.
    :ivar silence: ends the telling of the site's events.
    """

    def __init__(self, reactor: Any, configuration: Path, out: TextIO) -> None:
        self._reactor = reactor
        self._configuration = configuration
        self._out = out
        self._site = Simulator(reactor, DEMO)
        self._proxy = Proxy(reactor, out)
        self.silence = narrate(out)
        self._stopping = False

    async def run(self) -> None:
        """Until Ctrl-C.

        :raises SystemExit: the site or the proxy could not start, or the proxy ended by itself; with a sentence for people.
        """
        try:
            await self._site.start()
        except SiteError as error:
            raise SystemExit(
                f"the demo cannot start: {error} (is another one running, or has this system no such address?)"
            ) from error
        self._reactor.addSystemEventTrigger("before", "shutdown", lambda: ensureDeferred(self._stop()))
        with tempfile.TemporaryDirectory(prefix="exproxy-demo-") as folder:  # which nobody else may read
            self._start_proxy(Path(folder, "mail.pem"))
            welcome = ensureDeferred(self._welcome()).addErrback(self._not_served)
            how = await self._proxy.ended
        welcome.cancel()
        if not self._stopping:
            raise SystemExit(f'the proxy has ended ({how}); its last words stand above, after "proxy |"')

    def _start_proxy(self, certificate: Path) -> None:
        self._say(f"starting the proxy: twistd -n exproxy -c {self._configuration}")
        command = proxy_command(sys.executable, self._configuration)
        certificate.write_bytes(self._site.certificate.private)
        self._reactor.spawnProcess(self._proxy, command[0], command, env={**os.environ, CERTIFICATE: str(certificate)})

    async def _welcome(self) -> None:
        await greeted(self._reactor, (FRONT, DEMO.ports.smtp), START_LIMIT)
        await deferLater(self._reactor, SETTLE)
        self._say(guide(DEMO, Path(sys.executable), Path.cwd()))

    def _not_served(self, failure: Failure) -> Deferred[None] | None:
        if failure.check(TimeoutError):
            self._say(f"the demo does not work: {failure.getErrorMessage()}")
            return self._proxy.stop()
        return None  # cancelled: the proxy is gone, and that is said elsewhere

    async def _stop(self) -> None:
        """End the proxy, then the site."""
        self._stopping = True
        self._say("ending the proxy and the site ...")
        await self._proxy.stop()
        await self._site.stop()
        self.silence()

    def _say(self, text: str) -> None:
        self._out.write(f"{text}\n")
        self._out.flush()


async def main(reactor: Any, arguments: list[str], out: TextIO) -> None:
    """Run the demo; the one argument is another configuration than ``conf/demo.toml``."""
    configuration = Path(arguments[0]) if arguments else CONFIGURATION
    if not configuration.is_file():
        raise SystemExit(f"{configuration} does not exist: run the demo in the project's folder, or name the file")
    # A second Ctrl-C would kill this process before the proxy has ended, which takes no longer than its sessions are given.
    reactor.addSystemEventTrigger("before", "shutdown", signal.signal, signal.SIGINT, signal.SIG_IGN)
    await deferLater(reactor, 0)  # until the reactor runs, Ctrl-C is an exception anywhere
    await Demo(reactor, configuration, out).run()


if __name__ == "__main__":
    react(main, (sys.argv[1:], sys.stdout))
