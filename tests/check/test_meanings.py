"""Each way in which a check can fail is a sentence: where, what happened, what it means, and what follows."""

from collections.abc import Callable, Sequence
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from exproxy.check.checkers.smtp import SmtpChecker
from exproxy.check.interfaces import Target
from exproxy.check.meanings import MEANINGS, meaning
from exproxy.check.report import Report
from exproxy.cli.probe import verdict
from exproxy.pool import CheckSpec, Health
from exproxy.wire.dialogue.agent import AgentCheck
from exproxy.wire.dialogue.base import Connect, Dialogue, Finish, Outcome, StartTLS, Status
from exproxy.wire.dialogue.epm import EpmCheck
from exproxy.wire.dialogue.http import HEALTHCHECK, HttpCheck
from exproxy.wire.dialogue.imap import ImapCheck
from exproxy.wire.dialogue.pop3 import Pop3Check
from exproxy.wire.dialogue.rpch import echo, knock
from exproxy.wire.dialogue.smtp import SmtpCheck

Make = Callable[[], Dialogue]

LAYERS: tuple[tuple[Status, str, str], ...] = (
    # what the layers below a dialogue find, in their own words
    (Status.L4CON, "connection refused at 10.0.0.1:25", "the service may be stopped"),
    (Status.L4CON, "no route to the host at 10.0.0.1:25", "the machine may be off"),
    (Status.L4CON, "no route to its network at 10.0.0.1:25", "the network to it is broken"),
    (Status.L4CON, "connection reset at 10.0.0.1:25", "lets nobody in"),
    (Status.L4TOUT, "no answer to the connection to 10.0.0.1:25 within 5 s", "a firewall drops"),
    (Status.L6TOUT, "the TLS handshake was not done within 5 s", "it may hang"),
    (Status.L6RSP, "the server's certificate is refused: it has expired", "it may have been renewed"),
    (Status.L6RSP, "the server does not speak TLS here, or speaks it wrongly", "without TLS"),
    (Status.L6RSP, "the server has only TLS versions older than 1.2 in common with us (legacy = true allows them)", "old server"),
    (Status.L6RSP, "the server's key or certificate is too weak: ee key too small (legacy = true allows it)", "old server"),
    (Status.L6RSP, "the server refused the TLS handshake with the alert 'internal error'", "its own log says why"),
    (Status.L6RSP, "the server closed the connection during the TLS handshake", "no certificate for that port"),
    (Status.L6RSP, "the server reset the connection during the TLS handshake", "no certificate for that port"),
    (Status.L6RSP, "TLS failed: something", "its own log may say more"),
    (Status.L7TOUT, "the check was not done within 5 s; the server said nothing", "it hangs or has too much to do"),
    (Status.L7RSP, "the server sent more than 256 KB and the check was not done", "another service"),
    (Status.L7RSP, "the server's line is longer than 512 octets", "another service may listen there"),
    (Status.L7RSP, "the connection was lost", "may not want this machine's address"),
    (Status.L7RSP, "the checker smtp itself broke: KeyError: 'x' (smtp.py, line 7)", "an error of the checker"),
    (Status.L7RSP, "the checker rpc asks for connection after connection", "an error of the checker"),
    (Status.L7STS, "the server said 'no'", "not as the check wants it"),
    (Status.L7STS, "the endpoint mapper answered with a fault: server too busy", "does not do its work"),
    (Status.L7STS, "rpc bind to emsmdb was refused: abstract syntax not supported", "the service behind it may be stopped"),
    (Status.L7STS, "the endpoint mapper offers no nspi: the Address Book service is not registered", "it may be stopped"),
)

SELF_EVIDENT = (
    (Status.L4CON, "the name mx.example.com is not resolved yet"),
    (Status.L4CON, "the check has no port to go to: give it one"),
    (Status.L6RSP, "checks of the type tcp know no STARTTLS: their tls can only be implicit"),
    (Status.L6RSP, "there was no certificate; is TLS switched on for this check?"),
    (Status.L7STS, "the endpoint mapper tells port 0 for nspi, which is no port"),
)
"""Texts that say what to do by themselves."""


def smtp() -> Dialogue:
    return SmtpChecker().dialogue(SmtpChecker.options(), Target("hub/ex2", "10.0.0.1", 25, "ex2"))


def starttls() -> Dialogue:
    return SmtpCheck("lb", True)


def page() -> Dialogue:
    return HttpCheck(path="/owa/healthcheck.htm", expect=("200",), body=HEALTHCHECK)


def http(status: str, body: str = "") -> str:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n{body}"


SAID: tuple[tuple[Make, Sequence[str], str, str], ...] = (
    # whom, what the server says turn by turn ("" closes), what is found, what it means
    (smtp, ["421 4.3.2 Service not active\r\n", ""], "SMTP said 421 4.3.2 Service not active", "Exchange is in maintenance"),
    (smtp, ["421 4.3.2 All server ports are busy\r\n", ""], "SMTP said 421 4.3.2 All", "it takes no new sessions"),
    (smtp, ["421 4.3.1 Insufficient system resources\r\n", ""], "SMTP said 421 4.3.1", "too many connections"),
    (smtp, ["452 4.3.1 Insufficient system resources\r\n", ""], "SMTP said 452 4.3.1", "back pressure"),
    (smtp, ["554 5.7.1 Access denied\r\n", ""], "SMTP said 554 5.7.1 Access denied", "a receive connector has to allow it"),
    (smtp, ["220 ex2\r\n", "501 5.5.4 Invalid domain name\r\n", ""], "SMTP said 501 5.5.4", "the check's helo may be wrong"),
    (smtp, ["450 later\r\n", ""], "SMTP said 450 later", "back pressure"),
    (smtp, ["354 hm\r\n", ""], "SMTP said 354 hm", "it is not ready for mail"),
    (smtp, ["* OK IMAP4 ready\r\n"], "SMTP was not spoken", "another service may listen there"),
    (smtp, [""], "SMTP closed the connection instead of the greeting", "may not want this machine's address"),
    (starttls, ["220 ex2\r\n", "250 ex2\r\n", ""], "SMTP does not offer STARTTLS", "no certificate for that"),
    (starttls, ["220 ex2\r\n", "250-ex2\r\n250 STARTTLS\r\n", "220 go\r\n250 x\r\n"], "SMTP sent more in clear", "injects"),
    (lambda: ImapCheck(False), ["* BYE Server Unavailable\r\n", ""], "IMAP said", "its mailbox service may be stopped"),
    (lambda: ImapCheck(False), ["220 smtp\r\n"], "IMAP was not spoken", "another service may listen there"),
    (lambda: ImapCheck(False), ["* OK hello\r\n", "a1 OK done\r\n", ""], "but told none", "another service"),
    (lambda: ImapCheck(True), ["* PREAUTH hello\r\n", "* CAPABILITY IMAP4rev1\r\na1 OK\r\n", ""], "PREAUTH", "knows already"),
    (lambda: Pop3Check(False), ["-ERR Service unavailable\r\n", ""], "POP3 said", "its mailbox service may be stopped"),
    (lambda: Pop3Check(True), ["+OK\r\n", "+OK\r\nUSER\r\n.\r\n", ""], "POP3 does not offer STLS", "no certificate for that"),
    (page, [http("503 Service Unavailable")], "/owa/healthcheck.htm said 503", "the server is in maintenance"),
    (page, [http("500 Oops")], "said 500", "its event log says why"),
    (page, [http("502 Bad Gateway")], "said 502", "what it hands requests on to fails"),
    (page, [http("504 Gateway Timeout")], "said 504", "does not answer"),
    (page, [http("400 Bad Request")], "said 400", "the check's host says another"),
    (page, [http("401 Unauthorized")], "said 401", "it wants a login there"),
    (page, [http("403 Forbidden")], "said 403", "or wants TLS"),
    (page, [http("404 Not Found")], "said 404", "the path is wrong"),
    (page, [http("302 Found")], "said 302", "sends clients elsewhere"),
    (page, [http("200 OK", "hello")], "its body has nothing that matches", "something else may answer there"),
    (page, ["220 ex2 SMTP\r\n"], "got no HTTP answer", "another service may listen there"),
    (page, [""], "got no HTTP answer", "or one that speaks TLS"),
    (
        lambda: knock("RPC_IN_DATA", "/rpc/rpcproxy.dll?ex2:6001", "ex2"),
        [http("404 Not Found")],
        "said 404",
        "not installed there",
    ),
    (
        lambda: echo("RPC_IN_DATA", "/rpc/rpcproxy.dll?ex2:6001", "ex2", "probe", "x"),
        ["HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n"],
        "said 401",
        "the user or the password is wrong",
    ),
    (
        lambda: echo("RPC_IN_DATA", "/rpc/rpcproxy.dll?ex2:6001", "ex2", "probe", "x"),
        [http("200 Success", "hello")],
        "its body is no echo",
        "something else than an RPC proxy",
    ),
    (lambda: EpmCheck("emsmdb"), ["220 ex2 SMTP ready, and what else there is\r\n"], "DCE/RPC was not spoken", "another service"),
    (lambda: EpmCheck("emsmdb"), [""], "instead of answering", "may not want this machine's address"),
    (AgentCheck, ["down disk full\n"], "the agent said down disk full", "its own agent takes it out"),
    (AgentCheck, ["perhaps\0\n"], "the agent was not understood", "it is to say one line"),
    (AgentCheck, [""], "the agent closed without an answer", "it is to say one line"),
)


def played(dialogue: Dialogue, turns: Sequence[str]) -> Outcome:
    """What comes of it; connections are made and secured as they are asked for."""
    actions = list(dialogue.start())
    for turn in turns:
        actions += dialogue.receive(turn.encode()) if turn else dialogue.closed()
        if any(isinstance(action, StartTLS | Connect) for action in actions):
            actions += dialogue.secured()
    finished = [action.outcome for action in actions if isinstance(action, Finish)]
    judged: Any = getattr(dialogue, "judged", None)
    return finished[0] if finished else judged


class MeaningTests(SynchronousTestCase):
    def test_what_every_layer_finds_is_explained(self) -> None:
        for status, text, words in LAYERS:
            self.explained(Outcome(status, text), text, words)

    def test_what_every_server_says_is_explained(self) -> None:
        for make, turns, text, words in SAID:
            outcome = played(make(), turns)
            self.assertFalse(outcome.status is Status.L7OKD, (turns, outcome))
            self.explained(outcome, text, words)

    def explained(self, outcome: Outcome, text: str, words: str) -> None:
        """By probe and by the log, in the same sentence."""
        report = Report(outcome, 0.0)
        sentence = report.sentence("ex2")
        self.assertIn(text, sentence)
        self.assertIn(words, sentence)
        self.assertRegex(sentence, "^ex2: .*; (down|draining)$")
        self.assertLess(len(sentence), 330, sentence)
        self.assertNotIn("\n", sentence)
        self.assertEqual(verdict("ex2", report)[0][0], f"{sentence} ({outcome.status.value}, 0.000 s)")
        health = Health([CheckSpec("c", 1, 1)], "hub/ex2")
        transition = health.observe("c", report.result(), 1.0)
        assert transition is not None
        self.assertEqual(transition.sentence.replace(f" ({outcome.status.value});", ";"), f"hub/{sentence}")

    def test_what_says_itself_what_to_do_is_left_at_that(self) -> None:
        for status, text in SELF_EVIDENT:
            self.assertEqual(meaning(Outcome(status, text)), "", text)

    def test_who_has_passed_needs_no_explanation(self) -> None:
        self.assertEqual(
            Report(Outcome(Status.L7OKD, "SMTP said 220 hello"), 0.0).sentence("ex2"), "ex2: SMTP said 220 hello; up"
        )

    def test_every_entry_is_used(self) -> None:
        """So that none is a dead letter behind one that fits more."""
        found = [Outcome(status, text) for status, text, _ in LAYERS] + [Outcome(*one) for one in SELF_EVIDENT]
        found += [played(make(), turns) for make, turns, _, _ in SAID]
        used = {next((known for known in MEANINGS if known.fits(one)), None) for one in found}
        self.assertEqual([known for known in MEANINGS if known not in used], [])
