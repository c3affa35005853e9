"""A client of the directories of :mod:`tests.integration.peers.clientaccess`, by way of the proxy."""

import http.client
import socket
import ssl

import attrs
import trustme

from tests.integration.peers.clientaccess import NAMES
from tests.integration.peers.waiting import PATIENCE

ENOUGH = 6
"""So many clients in a row reach both of two servers, and so many in a row that reach the same one show that it is alone."""


@attrs.frozen
class Asker:
    """A client, whose every request is on a connection of its own."""

    authority: trustme.CA
    port: int
    host: str
    source: str = ""
    """The address that it comes from; the system's choice, if empty."""

    def ask(self, path: str, name: str = NAMES[0], **headers: str) -> http.client.HTTPResponse:
        """The answer, read; the certificate was verified."""
        connection = http.client.HTTPSConnection(name, self.port, timeout=PATIENCE)
        connection.sock = self.connected(name)
        try:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            answer.words = answer.read().decode().split()  # type: ignore[attr-defined]
        finally:
            connection.close()
        return answer

    def connected(self, name: str) -> ssl.SSLSocket:
        context = ssl.create_default_context()
        self.authority.configure_trust(context)
        plain = socket.create_connection((self.host, self.port), timeout=PATIENCE, source_address=(self.source, 0))
        return context.wrap_socket(plain, server_hostname=name)

    def words(self, path: str, name: str = NAMES[0], **headers: str) -> list[str]:
        """What a server has said."""
        return self.spoken(self.ask(path, name, **headers))

    def spoken(self, answer: http.client.HTTPResponse) -> list[str]:
        """The same of an answer that is there."""
        return list(answer.words)  # type: ignore[attr-defined]

    def reached(self, directory: str) -> set[str]:
        """The servers that ``ENOUGH`` clients have reached."""
        return {self.words(f"/{directory}/x")[0] for _ in range(ENOUGH)}

    def status(self, path: str) -> int:
        return self.ask(path).status
