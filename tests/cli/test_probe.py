"""``exproxy probe``, without a network: arguments, verdicts and exit statuses."""

import os
import sys
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import attrs
import click
from click.testing import CliRunner
from twisted.internet.defer import ensureDeferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from exproxy.check.checkers.smtp import SmtpChecker, SmtpOptions
from exproxy.check.plan import CheckPlan, PortPlan
from exproxy.check.report import Report
from exproxy.cli import main
from exproxy.cli.probe import Probe, read_options, run, verdict
from exproxy.net.certificate import PeerCertificate
from exproxy.wire.dialogue.base import Outcome, Status
from exproxy.wire.dialogue.mapped import Bound, RpcOutcome
from exproxy.wire.interfaces import NSPI
from tests.check.mapper import Mapper
from tests.check.peers import smtp_answers
from tests.net.memory import MemoryNetwork, Peer

NOBODY = "nothing listens there, so the service may be stopped"


class UsageTests(SynchronousTestCase):
    """What cannot be understood ends with status 2, before anything is opened."""

    def refused(self, *arguments: str) -> str:
        result = CliRunner().invoke(main, ["probe", *arguments])
        self.assertEqual(result.exit_code, 2, result.output)
        return result.output

    def test_an_unknown_type_is_answered_with_those_that_there_are(self) -> None:
        self.assertIn("'smpt' is no type of check; there are epm, http, https, imap", self.refused("smpt", "mail"))

    def test_an_address_that_is_none(self) -> None:
        self.assertIn("not an address", self.refused("smtp", "a b"))
        self.assertIn("brackets", self.refused("smtp", "fd00::1:25:x"))

    def test_a_port_out_of_range(self) -> None:
        self.assertIn("65535", self.refused("smtp", "mail:70000"))

    def test_a_type_without_a_port_of_its_own_needs_one(self) -> None:
        output = self.refused("tcp", "mail")
        self.assertIn("write HOST:PORT", output)
        self.assertNotIn("epm/", output)

    def test_a_type_for_rpc_is_told_of_ports_by_interface(self) -> None:
        self.assertIn("or HOST:epm/INTERFACE", " ".join(self.refused("rpc", "mail").split()))

    def test_a_mapper_that_nobody_asks_is_refused(self) -> None:
        self.assertIn("--mapper is for HOST:epm/INTERFACE", self.refused("smtp", "mail", "--mapper", "1350"))

    def test_an_option_that_there_is_not_is_answered_with_the_nearest(self) -> None:
        output = self.refused("smtp", "mail", "--option", "hello=lb")
        self.assertIn("option hello: there is no such key", output)
        self.assertIn("helo", output)

    def test_an_option_without_a_value(self) -> None:
        self.assertIn("write KEY=VALUE", self.refused("smtp", "mail", "--option", "helo"))

    def test_an_option_that_is_missing_is_asked_for_as_it_is_given(self) -> None:
        output = self.refused("rpc", "mail:135")
        self.assertIn(
            "the option interface is missing: write -o interface=emsmdb; known are emsmdb, asyncemsmdb, nspi, rfri", output
        )

    def test_an_option_that_is_misspelt_is_told_beside_the_missing_one(self) -> None:
        output = self.refused("rpc", "mail:135", "-o", "interfase=nspi")
        self.assertIn('option interfase: there is no such key (did you mean "interface"?)', output)
        self.assertIn("write -o interface=emsmdb", output)

    def test_an_option_that_the_checker_refuses(self) -> None:
        self.assertIn("did you mean 'emsmdb'?", self.refused("epm", "mail", "-o", "interface=emsmbd"))

    def test_an_interface_that_there_is_not_is_refused_for_every_type(self) -> None:
        for kind in ("tcp", "rpc", "epm"):
            self.assertIn("did you mean 'emsmdb'?", self.refused(kind, "mail:epm/emsmbd"), kind)

    def test_starttls_of_a_type_that_has_none(self) -> None:
        for kind in ("https", "tls", "http", "rpc", "rpch"):
            self.assertIn("knows no STARTTLS", self.refused(kind, "mail:1", "--tls", "starttls", "-o", "interface=nspi"))

    def test_settings_of_tls_without_tls(self) -> None:
        self.assertIn("need --tls", self.refused("smtp", "mail", "--verify"))

    def test_a_timeout_without_a_unit(self) -> None:
        self.assertIn("--timeout: ", self.refused("smtp", "mail", "--timeout", "5"))


@attrs.frozen
class Options:
    text: str = ""
    number: int = 0
    share: float = 0.0
    asked: bool = False
    words: tuple[str, ...] = ()
    codes: tuple[int, ...] = ()
    headers: dict[str, str] = attrs.field(factory=dict)
    kind: Literal["one", "two"] = "one"


class OptionTests(SynchronousTestCase):
    def test_texts_become_what_the_type_wants(self) -> None:
        said = ["text=a=b", "number=3", "share=0.5", "asked=true", "words=200, 3xx", "codes=1,2", "kind=two"]
        headers = ["headers=Accept: */*", "headers=X-One:1"]
        self.assertEqual(
            read_options(Options, [*said, *headers]),
            Options("a=b", 3, 0.5, True, ("200", "3xx"), (1, 2), {"Accept": "*/*", "X-One": "1"}, "two"),
        )

    def test_a_secret_may_come_from_the_environment(self) -> None:
        self.patch(os, "environ", {"PROBE": "sesam"})
        self.assertEqual(read_options(Options, ["text=a${PROBE}b"]), Options("asesamb"))
        self.assertEqual(read_options(Options, ["text=$${PROBE}"]), Options("${PROBE}"))

    def test_a_variable_that_is_not_there_is_named(self) -> None:
        self.patch(os, "environ", {})
        error = self.assertRaises(click.UsageError, read_options, Options, ["text=${PROBE}"])
        self.assertEqual(str(error), "the environment variable PROBE is not set; a plain ${ is written $${")

    def test_what_they_cannot_become_is_refused(self) -> None:
        for word in ("number=three", "asked=perhaps", "kind=three", "codes=1,x"):
            with self.assertRaises(click.UsageError):
                read_options(Options, [word])


class PlaceTests(SynchronousTestCase):
    """Which way a port by interface is gone to."""

    def planned(self, *arguments: str) -> Probe:
        told: list[Probe] = []
        self.patch(sys.modules["exproxy.cli.probe"], "react", lambda _main, asked: told.extend(asked))
        result = CliRunner().invoke(main, ["probe", "rpc", *arguments])
        self.assertEqual(result.exit_code, 0, result.output)
        (planned,) = told
        return planned

    def test_a_check_asks_the_mapper_by_itself(self) -> None:
        planned = self.planned("192.0.2.1:epm/nspi", "--mapper", "10135")
        self.assertEqual(planned.port, 10135)
        self.assertTrue(planned.plan.options.mapper)

    def test_other_interfaces_are_bound_to_at_the_port_of_the_one_that_is_named(self) -> None:
        planned = self.planned("192.0.2.1:epm/nspi", "-o", "interface=nspi,rfri")
        self.assertEqual(planned.port, PortPlan(host="192.0.2.1", interface="nspi", timeout=5.0))
        self.assertFalse(planned.plan.options.mapper)


class RunTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock: Any = Clock()
        self.network = MemoryNetwork(self.clock)
        self.printed: list[str] = []
        self.patch(click, "secho", lambda line, fg=None, nl=True: self.printed.append(line))

    def probe(self, host: str = "192.0.2.1", port: int | PortPlan = 25) -> int:
        plan = CheckPlan(name="smtp", host=host, checker=SmtpChecker(), options=SmtpOptions("lb"))
        running = ensureDeferred(run(self.clock, Probe(plan, port), self.network))
        self.clock.pump([0.0] + [0.5] * 15)
        failures: list[int] = []
        running.addErrback(lambda failure: failures.append(failure.trap(SystemExit) and failure.value.code))
        self.successResultOf(running)
        return failures[0] if failures else 0

    def test_a_server_that_is_well_ends_with_status_0_and_its_dialogue(self) -> None:
        self.network.listen(("192.0.2.1", 25), Peer(b"220 hello\r\n", smtp_answers)).resume()
        self.assertEqual(self.probe(), 0)
        self.assertEqual(self.printed[:3], ["--- connected to 192.0.2.1:25", "<<< 220 hello", ">>> EHLO lb"])
        self.assertIn("192.0.2.1: SMTP said 220 hello; up (L7OKD, ", self.printed[-1])
        self.assertIn("(L7OKD, 0.", self.printed[-1])

    def test_a_server_that_is_not_ends_with_status_1(self) -> None:
        self.assertEqual(self.probe(), 1)
        self.assertEqual(
            self.printed,
            [f"192.0.2.1: connection refused at 192.0.2.1:25: {NOBODY}; down (L4CON, 0.000 s)"],
        )

    def test_a_port_that_the_mapper_tells_is_gone_to(self) -> None:
        Mapper(self.network, "192.0.2.1", 25)
        self.network.listen(("192.0.2.1", 25), Peer(b"220 hello\r\n", smtp_answers)).resume()
        self.assertEqual(self.probe(port=PortPlan(host="192.0.2.1", interface="emsmdb")), 0)
        self.assertIn("--- the endpoint mapper tells port 25 for emsmdb", self.printed)
        self.assertIn("192.0.2.1: SMTP said 220 hello; up (L7OKD, ", self.printed[-1])

    def test_a_mapper_that_tells_none_ends_with_status_1(self) -> None:
        Mapper(self.network, "192.0.2.1", None)
        self.assertEqual(self.probe(port=PortPlan(host="192.0.2.1", interface="emsmdb")), 1)
        self.assertIn("failed: the endpoint mapper offers no emsmdb", self.printed[-1])

    def test_a_name_that_is_none_ends_with_status_1(self) -> None:
        class Nobody:
            def resolveHostName(self, receiver: Any, name: str) -> None:
                receiver.resolutionComplete()

        self.clock.nameResolver = Nobody()
        self.assertEqual(self.probe("mail"), 1)
        self.assertEqual(self.printed, ["failed: mail has no address, or no name server answers"])


class VerdictTests(SynchronousTestCase):
    def lines(self, outcome: Outcome, days: float | None = None) -> list[str]:
        certificate = None
        if days is not None:
            now = datetime.now(UTC)
            certificate = PeerCertificate("CN=x", "CN=y", ("x",), now, now + timedelta(days=days, minutes=1))
        return [line for line, _colour in verdict("ex2", Report(outcome, 0.25, certificate))]

    def test_a_stopping_server_is_called_so(self) -> None:
        self.assertEqual(self.lines(Outcome(Status.L7OKC, "in maintenance")), ["ex2: in maintenance; draining (L7OKC, 0.250 s)"])

    def test_the_certificates_days_are_told(self) -> None:
        self.assertEqual(self.lines(Outcome(Status.L6OK, "fine"), 57)[1], "certificate: 57 days left")
        self.assertEqual(self.lines(Outcome(Status.L6OK, "fine"), -3)[1], "certificate: expired")

    def test_what_else_was_found_is_told(self) -> None:
        outcome = RpcOutcome(Status.L7OKD, "fine", binds=(Bound(NSPI, 6005, 5840, 4280, "6005"),))
        self.assertIn("nspi at port 6005: fragments of up to 5840 bytes", self.lines(outcome)[1])

    def test_warnings_are_told(self) -> None:
        self.assertEqual(self.lines(Outcome(Status.L6OK, "fine", warnings=("old",)))[1], "warning: old")
