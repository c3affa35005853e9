"""What is read from a client before a server is chosen: a PROXY header, a TLS ClientHello, or one after the other."""

from exproxy.net.interfaces import Address
from exproxy.wire.clienthello import ClientHello, ClientHelloReader
from exproxy.wire.proxyheader import ProxyReader


class Preface:
    """:param proxy: a PROXY header comes first.  :param hello: a ClientHello comes (next).

    ``believed``: there is a PROXY header.  ``source`` and ``destination`` are its own, ``None`` where it has none (``LOCAL``,
    ``UNKNOWN``).  ``rest`` is what the server must get: all that was read but the PROXY header, of whose bytes
    ``header_size`` were read.
    """

    __slots__ = ("_hello_reader", "_proxy_reader", "believed", "destination", "header_size", "hello", "rest", "source")

    def __init__(self, proxy: bool, hello: bool) -> None:
        self._proxy_reader = ProxyReader() if proxy else None
        self._hello_reader = ClientHelloReader() if hello else None
        self.believed = proxy
        self.source: Address | None = None
        self.destination: Address | None = None
        self.hello: ClientHello | None = None
        self.header_size = 0
        self.rest = b""

    def feed(self, data: bytes) -> bool:
        """Take what the client sent, cut anywhere; whether the preface is complete.

        :raises WireError: it is none.
        """
        if self._proxy_reader is not None:
            size, self.header_size = self.header_size + len(data), 0  # what is no header is the client's own
            header = self._proxy_reader.feed(data)
            self.header_size = size - len(self._proxy_reader.rest)
            if header is None:
                return False
            self.source, self.destination = header.source, header.destination
            data = self._proxy_reader.rest
            self._proxy_reader = None
        self.rest += data
        if self._hello_reader is None:
            return True
        if data:
            self.hello = self._hello_reader.feed(data)
        return self.hello is not None
