"""Which protocol is spoken inside TLS, where clients ask (ALPN, RFC 7301).

Who asks for nothing is served like everybody.  Who asks for nothing that there is gets the fatal alert that section 3.2 wants:
HAProxy goes on as if nobody had asked, but then a client that speaks HTTP/2 alone, or validates a certificate (``acme-tls/1``),
learns only by nonsense that it is wrong here, and what is meant for one protocol can be played to another (ALPACA).
"""

from collections.abc import Sequence

from OpenSSL import SSL

from exproxy.wire.lines import printable

_SHOWN = 60


class NoProtocolError(SSL.Error):
    """The client asks for protocols that are not spoken here; the text is a sentence part.

    Its arguments are as OpenSSL's errors have them, since Twisted's TLS looks for those.
    """

    def __init__(self, text: str) -> None:
        super().__init__([("", "", text)])

    def __str__(self) -> str:
        return str(self.args[0][-1][-1])


def offer(context: SSL.Context, protocols: Sequence[str]) -> None:
    """Have ``context`` agree to the first of ``protocols`` that the client names, and refuse who names none of them."""
    ours = [protocol.encode("ascii") for protocol in protocols]

    def choose(_connection: SSL.Connection, offered: list[bytes]) -> bytes:
        for protocol in ours:
            if protocol in offered:
                return protocol
        theirs = printable(b", ".join(offered), _SHOWN)
        # pyOpenSSL makes the alert no_application_protocol of an exception, and raises it again from do_handshake
        raise NoProtocolError(
            f"the client speaks {theirs or 'nothing'} inside TLS (ALPN), and here is only {', '.join(protocols)}"
        )

    context.set_alpn_select_callback(choose)
