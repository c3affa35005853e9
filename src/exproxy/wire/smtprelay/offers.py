"""What a server offers in its reply to EHLO (RFC 5321 4.1.1.1), made what is true through us."""

import attrs

from exproxy.wire.lines import text
from exproxy.wire.mailsettings import Settings, StartTls

NOT_FOLLOWED = frozenset((b"ATRN", b"TURN", b"XEXCH50"))
"""Commands after which the rules change: client and server change places (RFC 2645 5.2, RFC 821 3.8), or binary follows a 354
(Exchange 2010 and older; newer ones have dropped it)."""
DENIED = frozenset((b"XCLIENT", b"XFORWARD"))
"""Postfix's XCLIENT_README and XFORWARD_README: who may say it is whoever it says.  The server trusts our address for it."""
_AUTH = frozenset((b"AUTH", b"X-EXPS"))
"""RFC 4954, and Exchange's own."""


@attrs.frozen
class Offers:
    """A reply to EHLO, rewritten.

    :param octets: for the client; :param chunking: whether the server takes BDAT (RFC 3030 2).
    """

    octets: bytes
    chunking: bool


@attrs.define
class Rewriter:
    """Takes out what is not to be used through us, and puts in our STARTTLS; everything else stays octet by octet.

    A server says the same to all clients, but for its first line, which may name them.  So what the last such reply became is
    remembered, for clients with TLS and for those without.
    """

    settings: Settings
    _known: dict[bool, tuple[bytes, Offers]] = attrs.field(factory=dict, init=False)
    """Secure -> all lines but the first, and what they became."""

    def rewritten(self, reply: bytes, *, secure: bool) -> Offers:
        """What the client gets.

        :param reply: a whole 2xx reply to EHLO; :param secure: the client's side is encrypted.
        """
        begin = reply.find(b"\n") + 1
        said = reply[begin:]
        known = self._known.get(secure)
        if known is None or known[0] != said:
            known = self._known[secure] = said, self._made_true(reply[:3], said, secure)
        offers = known[1]
        mark = b"-" if offers.octets else b" "
        return Offers(reply[:3] + mark + text(reply[:begin])[4:] + b"\r\n" + offers.octets, offers.chunking)

    def _made_true(self, code: bytes, said: bytes, secure: bool) -> Offers:
        hidden = NOT_FOLLOWED | DENIED
        if self.settings.starttls is not StartTls.PASS or secure:
            hidden |= {b"STARTTLS"}
        if self.settings.require_tls and not secure:
            hidden |= _AUTH
        offered = [text(line)[4:] for line in said.split(b"\n")[:-1]]
        keywords = [_keyword(line) for line in offered]
        lines = [line for line, keyword in zip(offered, keywords, strict=True) if keyword not in hidden]
        if self.settings.starttls is StartTls.OFFER and not secure:
            lines.append(b"STARTTLS")
        octets = [code + b"-" + line for line in lines[:-1]] + [code + b" " + line for line in lines[-1:]] + [b""]
        return Offers(b"\r\n".join(octets), b"CHUNKING" in keywords)


def _keyword(line: bytes) -> bytes:
    """In capitals (RFC 5321 2.4).  ``AUTH=LOGIN``, as old servers write for old clients, is ``AUTH`` too."""
    words = line.replace(b"=", b" ", 1).split(None, 1)
    return words[0].upper() if words else b""
