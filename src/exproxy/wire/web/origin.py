"""What a server is told about the client: ``X-Forwarded-*``, ``Forwarded`` (RFC 7239) and ``Front-End-Https``.

From anybody but a trusted proxy such lines are lies or accidents, and are removed, those that we do not write too.
"""

import enum
import re

import attrs

from exproxy.wire.web.fields import Fields
from exproxy.wire.web.rules import spellings


class Tell(enum.Enum):
    """The lines that there are; a value is the name in lower case."""

    __hash__ = object.__hash__  # Enum's is a call of Python, five times a connection

    FORWARDED_FOR = b"x-forwarded-for"
    FORWARDED_PROTO = b"x-forwarded-proto"
    FORWARDED_HOST = b"x-forwarded-host"
    FORWARDED = b"forwarded"
    FRONT_END_HTTPS = b"front-end-https"
    """Outlook on the web writes its links with ``https`` when it is there and ``on``, though TLS ended before."""


USUAL = frozenset({Tell.FORWARDED_FOR, Tell.FORWARDED_PROTO, Tell.FORWARDED_HOST, Tell.FRONT_END_HTTPS})

TOLD = frozenset(tell.value for tell in Tell)
LIKEWISE = frozenset(
    {
        b"cf-connecting-ip",
        b"client-ip",
        b"fastly-client-ip",
        b"forwarded-for",
        b"true-client-ip",
        b"x-arr-ssl",
        b"x-client-ip",
        b"x-cluster-client-ip",
        b"x-forwarded",
        b"x-forwarded-by",
        b"x-forwarded-port",
        b"x-forwarded-prefix",
        b"x-forwarded-proto-version",
        b"x-forwarded-scheme",
        b"x-forwarded-server",
        b"x-forwarded-ssl",
        b"x-original-for",
        b"x-original-forwarded-for",
        b"x-original-host",
        b"x-original-proto",
        b"x-real-ip",
        b"x-url-scheme",
    }
)
"""What other proxies write of their clients: a trusted one's are passed on as they are."""

_PATHS = (b"x-forwarded-path", b"x-forwarded-uri", b"x-original-uri", b"x-original-url", b"x-rewrite-url")
"""Frameworks take these for the path that was asked for, past all routes and rules: nobody's are passed on, for a proxy that is
trusted with its clients' addresses need not have looked at them."""

CLAIMS: frozenset[bytes] = frozenset().union(*(spellings(name) for name in (*TOLD, *LIKEWISE, *_PATHS)))
"""What nobody may say but who is trusted, in every spelling that IIS would take for it."""

_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")


@attrs.frozen
class Origin:
    """Where a client connection comes from.

    :param address: the client's, as the kernel or a PROXY header tells it: IPv4, or IPv6 without brackets.
    :param tls: whether the client's own connection is encrypted.
    :param trusted: whether the client is a proxy that tells the truth about its own clients.
    """

    address: str
    tls: bool
    trusted: bool = False

    @property
    def spoken(self) -> str:
        """The address without its zone; an IPv4 address on an IPv6 port as IPv4."""
        address = self.address.partition("%")[0]
        return address.removeprefix("::ffff:") if "." in address else address

    @property
    def proto(self) -> bytes:
        """``https`` or ``http``."""
        return b"https" if self.tls else b"http"

    def lines(self, tell: frozenset[Tell], authority: bytes) -> list[bytes]:
        """The lines for a client that is not trusted.

        :param authority: ``Host`` of the request.
        """
        address = self.spoken.encode("ascii")
        proto = self.proto
        lines = []
        if Tell.FORWARDED_FOR in tell:
            lines.append(b"X-Forwarded-For: " + address)
        if Tell.FORWARDED_PROTO in tell:
            lines.append(b"X-Forwarded-Proto: " + proto)
        if Tell.FORWARDED_HOST in tell and authority:
            lines.append(b"X-Forwarded-Host: " + authority)
        if Tell.FORWARDED in tell:
            lines.append(b"Forwarded: " + element(address, authority, proto))
        if Tell.FRONT_END_HTTPS in tell and self.tls:
            lines.append(b"Front-End-Https: on")
        return lines

    def appended(self, tell: frozenset[Tell], authority: bytes, fields: Fields) -> list[bytes]:
        """The lines for a trusted client, whose ``fields`` tell of clients of its own: ours are appended, or theirs kept."""
        lines = []
        for line in self.lines(tell, authority):
            name, _, ours = line.partition(b": ")
            theirs = fields.values.get(name.lower())
            if theirs is not None:
                ours = theirs + b", " + ours if name in {b"X-Forwarded-For", b"Forwarded"} else theirs
            lines.append(name + b": " + ours)
        if Tell.FRONT_END_HTTPS in tell and not self.tls:
            lines += _front_end_https(fields)
        return lines


def element(address: bytes, authority: bytes, proto: bytes) -> bytes:
    """One hop of ``Forwarded`` (RFC 7239 4 and 6)."""
    parts = [b'for="[' + address + b']"' if b":" in address else b"for=" + address]
    if authority:
        # A host is checked before, and has neither quotes nor backslashes.
        parts.append(b"host=" + (authority if _TOKEN.fullmatch(authority) else b'"' + authority + b'"'))
    parts.append(b"proto=" + proto)
    return b";".join(parts)


def _front_end_https(fields: Fields) -> list[bytes]:
    """What a trusted proxy says of TLS that ended at it."""
    said = fields.values.get(b"front-end-https")
    if said is not None:
        return [b"Front-End-Https: " + said]
    return [b"Front-End-Https: on"] if fields.values.get(b"x-forwarded-proto", b"").lower() == b"https" else []
