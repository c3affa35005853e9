"""Handshakes between two connections in memory."""

from OpenSSL import SSL

from exproxy.net.tls.profiles import Profile
from tests.net.tlspeer import certificate


def context_of(profile: Profile) -> SSL.Context:
    """A server's, with :func:`tests.net.tlspeer.certificate`."""
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    profile.apply(context)
    certificate().configure_cert(context)
    return context


def converse(client: SSL.Connection, server: SSL.Connection) -> None:
    """Until both are done; then the server says a word, so that its tickets arrive.

    :raises SSL.Error: what one of them says.
    """
    done = False
    while not done:
        done = True
        for here, there in ((client, server), (server, client)):
            try:
                here.do_handshake()
            except SSL.WantReadError:
                done = False
            _carry(here, there)
    server.send(b"hello")
    _carry(server, client)
    assert client.recv(100) == b"hello"


def shake_hands(client: SSL.Context, server: SSL.Context, name: bytes = b"") -> tuple[SSL.Connection, SSL.Connection]:
    """Both ends, with TLS between them."""
    near, far = SSL.Connection(client, None), SSL.Connection(server, None)
    near.set_connect_state()
    far.set_accept_state()
    if name:
        near.set_tlsext_host_name(name)
    converse(near, far)
    return near, far


def bytes_of_the_server(client: SSL.Connection, server: SSL.Connection) -> int:
    """How much a server says until it has said a word; its certificate is most of that."""
    said, done = 0, False
    while not done:
        done = True
        for here, there in ((client, server), (server, client)):
            try:
                here.do_handshake()
            except SSL.WantReadError:
                done = False
            try:
                data = here.bio_read(1 << 20)
            except SSL.WantReadError:
                continue
            said += len(data) if here is server else 0
            there.bio_write(data)
    server.send(b"hello")
    client.bio_write(server.bio_read(1 << 20))
    assert client.recv(10) == b"hello"
    return said


def _carry(here: SSL.Connection, there: SSL.Connection) -> None:
    try:
        there.bio_write(here.bio_read(1 << 20))
    except SSL.WantReadError:
        return
