"""Sends messages by SMTP."""

from email.message import EmailMessage
from email.policy import default
from email.utils import format_datetime, localtime, make_msgid
from io import BytesIO
from typing import Any, Literal

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.ssl import optionsForClientTLS
from twisted.logger import Logger
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.python.failure import Failure

from exproxy.notify.channel import DeliveryError
from exproxy.notify.message import Message, plain
from exproxy.notify.webhook import trust

PATIENCE = 60.0
"""Seconds for all of it: a server may look at clients for a while before it greets them."""
CONNECT = 10.0

_log = Logger()


@attrs.frozen
class Route:
    """:param sender: of the envelope and the message.

    :param tls: ``starttls`` is asked for in clear and then demanded.
    :param authorities: whom to believe, in PEM; empty: those of the system.
    :param user: logs in, if there is one.
    """

    host: str
    port: int
    sender: str
    recipients: tuple[str, ...]
    tls: Literal["off", "starttls", "implicit"] = "off"
    authorities: bytes = b""
    user: str = ""
    password: str = attrs.field(default="", repr=False)


class Mail:
    """:param helo: this machine's name.

    :raises ValueError: there is no certificate in the authorities.
    """

    name = "notify.smtp"
    patience = PATIENCE

    def __init__(self, reactor: Any, route: Route, helo: str) -> None:
        self._reactor = reactor
        self._route = route
        self._helo = helo
        self._tls: Any = None
        if route.tls != "off":
            self._tls = optionsForClientTLS(route.host, trust(route.authorities) if route.authorities else None)

    def deliver(self, message: Message) -> "Deferred[None]":
        """Send it, on a connection of its own."""
        # here, because it imports the reactor, which only entry points may choose
        from twisted.mail.smtp import ESMTPSenderFactory

        route = self._route
        done: Deferred[Any] = Deferred(lambda _: _leave(factory, connector))
        factory = ESMTPSenderFactory(  # type: ignore[no-untyped-call]  # Twisted's mail has no types
            route.user.encode() or None,
            route.password.encode() or None,
            route.sender,
            route.recipients,
            BytesIO(self._written(message)),
            done,
            retries=0,
            timeout=PATIENCE,
            contextFactory=self._tls if route.tls == "starttls" else None,
            heloFallback=not route.user and route.tls != "starttls",
            requireAuthentication=bool(route.user),
            requireTransportSecurity=route.tls == "starttls",
            hostname=route.host,
        )
        factory.domain = self._helo.encode("ascii", "replace")
        factory.noisy = False
        wrapped = TLSMemoryBIOFactory(self._tls, True, factory) if route.tls == "implicit" else factory
        wrapped.noisy = False
        connector = self._reactor.connectTCP(route.host, route.port, wrapped, timeout=CONNECT)
        return done.addBoth(_let_go, factory).addCallbacks(self._sent, self._failed)

    def _written(self, message: Message) -> bytes:
        mail = EmailMessage(default.clone(cte_type="7bit"))
        mail["From"] = self._route.sender
        mail["To"] = ", ".join(self._route.recipients)
        mail["Subject"] = message.subject
        mail["Date"] = format_datetime(localtime())
        mail["Message-ID"] = make_msgid(domain=self._helo)
        # RFC 3834, section 5: no vacation programs, please
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(message.text() + "\n")
        return mail.as_bytes()

    def _sent(self, result: Any) -> None:
        _taken, addresses = result
        refused = [address for address in addresses if not 200 <= address[1] < 300]
        for address, code, said in refused:
            words = "notify.smtp: {host} did not take it for {address}: {code} {said}"
            _log.warn(words, host=self._route.host, address=plain(_text(address)), code=code, said=plain(_text(said)))

    def _failed(self, failure: Failure) -> None:
        from twisted.mail.smtp import AUTHRequiredError, EHLORequiredError, SMTPClientError, TLSRequiredError

        error, host = failure.value, self._route.host
        if isinstance(error, AUTHRequiredError | EHLORequiredError | TLSRequiredError):
            # codes and words of these are Twisted's own
            what = "STARTTLS" if isinstance(error, TLSRequiredError) else "a login"
            raise DeliveryError(f"{host} does not offer {what}", final=True) from error
        if not isinstance(error, SMTPClientError):
            failure.raiseException()
        code, said = error.code, plain(_text(error.resp))
        refused = [one for one in getattr(error, "addresses", None) or () if not 200 <= one[1] < 300]
        if refused:
            # nobody was good enough for it: what it said of the first tells more than that
            code, said = refused[0][1], plain(_text(refused[0][2]))
        if code <= 0:
            raise DeliveryError(said or type(error).__name__) from error
        raise DeliveryError(f"{host} said {code} {said.removeprefix(str(code)).strip()}", 500 <= code < 600) from error


def _leave(factory: Any, connector: Any) -> None:
    # what is lost from now on was not lost by the server
    factory.sendFinished = True
    connector.disconnect()


def _let_go(result: Any, factory: Any) -> Any:
    client = factory.currentProtocol
    if client is not None:
        # a server that never answers QUIT: Twisted's own would fail to tell of it again
        client.timeoutConnection = client.transport.abortConnection
    return result


def _text(said: object) -> str:
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
