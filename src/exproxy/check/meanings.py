"""What the end of a check means and where to look, for people at 3 a.m.: a sentence part to go behind what was found.

Empty where the text says it all.  The first entry that fits holds; what a server said stands in the text, so an entry may go by
our own words in it, but not by the server's.
"""

import re
from collections.abc import Sequence

import attrs

from exproxy.wire.dialogue.base import Outcome, Status

_CLOSED = r"\b(closed|was lost)\b"


@attrs.frozen
class Meaning:
    """:param statuses: of the outcome  :param words: that the text has, before any that the server said.

    :param codes: of the outcome; empty: any.
    """

    statuses: frozenset[Status]
    words: re.Pattern[str]
    text: str
    codes: range | None = None

    def fits(self, outcome: Outcome) -> bool:
        if outcome.status not in self.statuses or (self.codes is not None and outcome.code not in self.codes):
            return False
        return self.words.search(outcome.text) is not None


def _on(statuses: Status | Sequence[Status], words: str, text: str, codes: range | None = None) -> Meaning:
    several = (statuses,) if isinstance(statuses, Status) else statuses
    return Meaning(frozenset(several), re.compile(words), text, codes)


def _code(first: int, last: int | None = None) -> range:
    return range(first, (first if last is None else last) + 1)


_TLS = (Status.L6RSP,)
_SMTP, _IMAP, _POP3, _HTTP = r"^SMTP said", r"^IMAP said", r"^POP3 said", r"^[A-Z_]+ /\S* said"

MEANINGS: tuple[Meaning, ...] = (
    # connections
    _on(Status.L4CON, "^connection refused", "nothing listens there, so the service may be stopped"),
    _on(Status.L4CON, "^no route", "the machine may be off, or the network to it is broken"),
    _on(Status.L4CON, "^connection reset", "something on the way, or the service itself, lets nobody in"),
    _on(Status.L4TOUT, "", "the machine may be off, or a firewall drops what is sent there"),
    # TLS
    _on(Status.L6TOUT, "", "it accepts connections and does not answer TLS, so it may hang, or that port has no TLS"),
    _on(_TLS, "^there was no certificate|tls can only be implicit|has no tls settings|no name that TLS", ""),
    _on(_TLS, "certificate is refused", "it may have been renewed, or the check's tls has the wrong ca, name or pin"),
    _on(_TLS, "does not speak TLS", "that port may be one without TLS, or one that begins it with STARTTLS"),
    _on(_TLS, r"allows? (them|it)\)", "it is an old server"),
    _on(_TLS, "with the alert", "its own log says why (Schannel in Windows' event log)"),
    _on(_TLS, _CLOSED + "|reset", "it may have no certificate for that port (Schannel in Windows' event log)"),
    _on(_TLS, "", "its own log may say more (Schannel in Windows' event log)"),
    # silence and what is no protocol
    _on(Status.L7TOUT, "", "it accepts connections and does not answer in time, so it hangs or has too much to do"),
    _on(Status.L7RSP, "itself broke", "this is an error of the checker and not of the server"),
    _on(Status.L7RSP, "asks for connection after connection", "this is an error of the checker and not of the server"),
    _on(Status.L7RSP, "in clear behind its answer to STARTTLS", "it or somebody on the way injects commands: do not trust it"),
    _on(Status.L7RSP, "^the agent", "it is to say one line, such as up, drain or 50%"),
    _on(
        Status.L7RSP,
        r"^\w+ was not spoken|got no HTTP answer|^DCE/RPC",
        "another service may listen there, or one that speaks TLS",
    ),
    _on(Status.L7RSP, "sent more than", "another service may listen there"),
    _on(Status.L7RSP, "told none|names neither", "another service may listen there, or it is broken"),
    _on(Status.L7RSP, _CLOSED, "it may not want this machine's address, have all its connections in use, or be about to end"),
    _on(Status.L7RSP, "", "another service may listen there"),
    # what servers say of themselves
    _on(Status.L7STS, "^the agent said", "its own agent takes it out"),
    _on(Status.L7STS, "does not offer ST", "it may have no certificate for that, or something on the way removes the offer"),
    _on(Status.L7STS, "PREAUTH", "this port is for those whom the server knows already"),
    _on(Status.L7STS, _SMTP, "it has too little memory or disk (back pressure), or too many connections", _code(421)),
    _on(Status.L7STS, _SMTP, "it has too little memory or disk (back pressure)", _code(450, 452)),
    _on(Status.L7STS, _SMTP, "it refuses this machine's address: a receive connector has to allow it", _code(550, 559)),
    _on(Status.L7STS, _SMTP, "it refuses the command: the check's helo may be wrong, or it is another service", _code(500, 549)),
    _on(Status.L7STS, _SMTP, "it is not ready for mail"),
    _on(Status.L7STS, _IMAP + "|" + _POP3, "its mailbox service may be stopped, or it has all its connections in use"),
    _on(Status.L7STS, "^rpc bind .* refused", "the service behind it may be stopped, or another one has that port"),
    _on(Status.L7STS, "fault: ", "the endpoint mapper is there and does not do its work"),
    _on(Status.L7STS, "is no echo", "something else than an RPC proxy may answer there"),
    _on(Status.L7STS, r"^RPC_\w+ /\S* said .*: (the user|it takes)", ""),
    _on(Status.L7STS, _HTTP, "it does not know the name that it was asked by: the check's host says another", _code(400)),
    _on(Status.L7STS, _HTTP, "it wants a login there, which the check does not have", _code(401)),
    _on(Status.L7STS, _HTTP, "it forbids this machine's address there, or wants TLS", _code(403)),
    _on(
        Status.L7STS, _HTTP, "it has no such directory, so the path is wrong, or that service is not installed there", _code(404)
    ),
    _on(Status.L7STS, _HTTP, "it sends clients elsewhere, so its configuration may have changed", _code(300, 399)),
    _on(Status.L7STS, _HTTP, "its application pool is stopped, or the server is in maintenance", _code(503)),
    _on(Status.L7STS, _HTTP, "what it hands requests on to fails", _code(502)),
    _on(Status.L7STS, _HTTP, "what it hands requests on to does not answer", _code(504)),
    _on(Status.L7STS, _HTTP, "the application behind it fails, and its event log says why", _code(500, 599)),
    _on(Status.L7STS, _HTTP, "something else may answer there"),
    _on(Status.L7STS, "is not registered", "it may be stopped"),
    _on(Status.L7STS, "^the server said", "it is there and not as the check wants it"),
)


def meaning(outcome: Outcome) -> str:
    """Of one that has not passed; empty if there is nothing to say."""
    if outcome.status.passed:
        return ""
    return next((known.text for known in MEANINGS if known.fits(outcome)), "")
