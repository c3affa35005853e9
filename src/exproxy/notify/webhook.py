"""POSTs messages as JSON to a URL."""

from collections.abc import Mapping
from typing import Any

import attrs
from OpenSSL import crypto
from twisted.internet.defer import Deferred, succeed
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.interfaces import IConsumer, IStreamClientEndpoint
from twisted.internet.protocol import Protocol, connectionDone
from twisted.internet.ssl import Certificate, optionsForClientTLS, trustRootFromCertificates
from twisted.python.failure import Failure
from twisted.web.client import Agent, HTTPConnectionPool, ResponseFailed
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgentEndpointFactory, IBodyProducer, IResponse
from zope.interface import implementer

from exproxy.notify.channel import DeliveryError
from exproxy.notify.message import Message, plain

PATIENCE = 20.0
"""Seconds for all of it."""
CONNECT = 10.0
QUOTED = 300
"""Octets of an answer that are looked at."""
_PASSING = (408, 425, 429)
"""Refusals that another time may not come; all others from 300 to 499 are for good."""


class Webhook:
    """:param headers: beside those of JSON, for example ``Authorization``.

    :param authorities: whom to believe, in PEM; empty: those of the system.
    :raises ValueError: there is no certificate in ``authorities``.
    """

    name = "notify.webhook"
    patience = PATIENCE

    def __init__(self, reactor: Any, url: str, headers: Mapping[str, str], authorities: bytes, agent: str) -> None:
        self._url = url
        self._headers = Headers({"content-type": ["application/json"], "user-agent": [agent]})
        for name, value in headers.items():
            self._headers.setRawHeaders(name, [value])
        # none is kept: news are rare, and a connection that has died meanwhile would fail
        pool = HTTPConnectionPool(reactor, persistent=False)  # type: ignore[no-untyped-call]  # Twisted's client has no types
        endpoints = _Endpoints(reactor, trust(authorities) if authorities else None)
        self._agent: Any = Agent.usingEndpointFactory(reactor, endpoints, pool)  # type: ignore[no-untyped-call]  # likewise

    def deliver(self, message: Message) -> "Deferred[None]":
        """POST it; a redirection is not followed, since it would take the headers elsewhere."""
        asked: Deferred[IResponse] = self._agent.request(b"POST", self._url.encode("ascii"), self._headers, _Body(message.json()))
        return asked.addCallbacks(_judge, _unanswered)


def trust(authorities: bytes) -> Any:
    """What Twisted calls a trust root.

    :raises ValueError: there is no certificate in it.
    """
    end = b"-----END CERTIFICATE-----"
    found = []
    for piece in authorities.split(end)[:-1]:
        start = piece.find(b"-----BEGIN CERTIFICATE-----")
        try:
            found.append(Certificate.loadPEM(piece[start:] + end))
        except crypto.Error as error:
            raise ValueError("it has a certificate that cannot be read") from error
    if not found:
        raise ValueError("there is no certificate in PEM in it")
    return trustRootFromCertificates(found)  # type: ignore[no-untyped-call]  # Twisted's has no types


def _unanswered(failure: Failure) -> None:
    error = failure.value
    reasons = [reason.value for reason in error.reasons] if isinstance(error, ResponseFailed) else [error]
    raise DeliveryError("; ".join(plain(str(reason)) or type(reason).__name__ for reason in reasons)) from error


def _judge(response: Any) -> "Deferred[None] | None":
    code = response.code
    if 200 <= code < 300:
        response.deliverBody(_Closing())
        return None
    if 300 <= code < 400:
        where = b", ".join(response.headers.getRawHeaders(b"location") or [b"nowhere"]).decode("latin-1")
        response.deliverBody(_Closing())
        raise DeliveryError(f"it said {code} and sends us to {plain(where)}: write that into notify.webhook", final=True)
    reading = _Reading()
    response.deliverBody(reading)
    final = code < 500 and code not in _PASSING
    return reading.read.addCallback(lambda text: _refused(f"it said {code} {plain(text)}".rstrip(), final))


def _refused(why: str, final: bool) -> None:
    raise DeliveryError(why, final)


class _Closing(Protocol):
    """Has no interest in an answer."""

    def connectionMade(self) -> None:
        assert self.transport is not None
        self.transport.loseConnection()


class _Reading(Protocol):
    """The begin of an answer."""

    def __init__(self) -> None:
        self._data = b""
        self.read: Deferred[str] = Deferred(lambda _: self._close())

    def dataReceived(self, data: bytes) -> None:
        self._data += data
        if len(self._data) >= QUOTED:
            self._close()
            self._end()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._end()

    def _close(self) -> None:
        if self.transport is not None:
            self.transport.loseConnection()

    def _end(self) -> None:
        if not self.read.called:
            self.read.callback(self._data[:QUOTED].decode("utf-8", "replace"))


@implementer(IAgentEndpointFactory)
@attrs.frozen
class _Endpoints:
    """:param root: whom to believe; ``None``: the system's authorities."""

    reactor: Any
    root: Any

    def endpointForURI(self, uri: Any) -> "_Quiet":
        host, port = uri.host.decode("ascii"), uri.port
        endpoint = HostnameEndpoint(self.reactor, host, port, timeout=CONNECT)
        return _Quiet(wrapClientTLS(optionsForClientTLS(host, self.root), endpoint) if uri.scheme == b"https" else endpoint)


@implementer(IStreamClientEndpoint)
@attrs.frozen
class _Quiet:
    """Connections come and go without a line in the log."""

    endpoint: Any

    def connect(self, factory: Any) -> "Deferred[Any]":
        factory.noisy = False
        connecting: Deferred[Any] = self.endpoint.connect(factory)
        return connecting


@implementer(IBodyProducer)
class _Body:
    """A few kilobytes at once."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.length = len(data)

    def startProducing(self, consumer: IConsumer) -> "Deferred[None]":
        consumer.write(self._data)
        return succeed(None)

    def stopProducing(self) -> None:
        """It has all been written."""

    def pauseProducing(self) -> None:
        """Likewise."""

    def resumeProducing(self) -> None:
        """Likewise."""
