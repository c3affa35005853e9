"""Header lines that are for one connection only, and are not passed on (RFC 9110 7.6.1).

A sender names them in ``Connection``.  It may not name there what the message needs to be understood, what says who sends it, or
what we say of it: ``Connection: x-forwarded-for, host`` is an attempt to have the proxy remove those.
"""

CONNECTION = frozenset({b"connection", b"keep-alive", b"proxy-connection", b"te", b"upgrade"})
"""For one connection always.  ``transfer-encoding`` is not among them, for chunks are passed on as they come; nor ``trailer``."""

_MOCK_FRAMING = frozenset({b"content_length", b"transfer_encoding"})
"""CGI and IIS show these as the same variables as the real ones, which a server could then find in either."""

REQUEST_HOPS = CONNECTION | _MOCK_FRAMING | {b"http2-settings", b"proxy", b"proxy-authorization"}
"""``proxy`` is no header at all, but CGI programs take it for the variable HTTP_PROXY (CVE-2016-5385, "httpoxy")."""

RESPONSE_HOPS = CONNECTION | {b"proxy-authenticate", b"proxy-authentication-info"}

_SIGNALS = frozenset({b"", b"close", b"keep-alive", b"te", b"upgrade"})
"""Options that name no line, or one that is dropped anyway."""

_END_TO_END = frozenset(
    {
        b"accept",
        b"accept-encoding",
        b"allow",
        b"authorization",
        b"cache-control",
        b"content-disposition",
        b"content-encoding",
        b"content-language",
        b"content-length",
        b"content-location",
        b"content-range",
        b"content-type",
        b"cookie",
        b"date",
        b"etag",
        b"expect",
        b"expires",
        b"forwarded",
        b"front-end-https",
        b"host",
        b"last-modified",
        b"location",
        b"origin",
        b"pragma",
        b"range",
        b"referer",
        b"retry-after",
        b"set-cookie",
        b"soapaction",
        b"trailer",
        b"transfer-encoding",
        b"user-agent",
        b"vary",
        b"via",
        b"www-authenticate",
        b"x-real-ip",
    }
)
_END_TO_END_PREFIXES = (b"if-", b"sec-", b"x-forwarded-", b"x-original-", b"access-control-")


def dropped(hops: frozenset[bytes], options: tuple[bytes, ...]) -> frozenset[bytes]:
    """``hops`` and what the options of ``Connection`` name beside them, all in lower case."""
    if not options or _SIGNALS.issuperset(options):
        return hops
    named = set(options) - _SIGNALS - _END_TO_END
    return hops.union(name for name in named if not name.startswith(_END_TO_END_PREFIXES))
