"""A server that says its name and counts who is there."""

import contextlib
import socket
import threading


class Greeter:
    """A server that greets with its name and then listens; counts who is there."""

    def __init__(self, host: str, port: int, name: bytes) -> None:
        self._name = name
        self._socket = socket.create_server((host, port), backlog=512)
        self._lock = threading.Lock()
        self.most = 0
        self._clients: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            with self._lock:
                self._clients.add(client)
            self.most = max(self.most, self.here)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    @property
    def here(self) -> int:
        """Clients that have not hung up, whether our threads have noticed or not."""
        with self._lock:
            return sum(not _hung_up(client) for client in self._clients)

    def _serve(self, client: socket.socket) -> None:
        try:
            client.sendall(self._name)
            while client.recv(4096):
                pass
        except OSError:
            pass
        with self._lock:
            self._clients.discard(client)
        client.close()

    def stop(self) -> None:
        """Close the port and all clients."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        with self._lock:
            for client in self._clients:
                with contextlib.suppress(OSError):  # it was reset, and its thread has not heard of it yet
                    client.shutdown(socket.SHUT_RDWR)


def _hung_up(client: socket.socket) -> bool:
    try:
        return client.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True
