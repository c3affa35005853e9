"""Many long bodies at once between slow peers: a server (``python -m bench.bodies HOST PORT``), and clients.

Who receives is slow: of all in a process only eight receive at a time, a burst each, and the others are deaf meanwhile.  So what
is between the two ends is as full as it will ever be.
"""

import socket
import sys
import threading
from collections.abc import Callable

from bench.load import Connect
from bench.processes import LOOPBACK, BenchError, Processes, free_port

BURST = 4 << 20
PATIENCE = 600
"""Seconds that an end waits for its turn."""
_AT_ONCE = threading.BoundedSemaphore(8)
_PORTION = bytes(1 << 18)


def start_server(processes: Processes) -> int:
    """Start it; returns its port."""
    port = free_port()
    processes.start("bodies", [sys.executable, "-m", "bench.bodies", LOOPBACK, str(port)], port)
    return port


def serve(listener: socket.socket) -> None:
    """Answer everybody, in threads, until the process ends."""
    while True:
        client, _ = listener.accept()
        threading.Thread(target=_serve, args=(client,), daemon=True).start()


def _serve(client: socket.socket) -> None:
    """``POST`` is told how much came, and ``GET /N`` is given N octets."""
    with client:
        while found := head(client):
            lines, rest = found
            method, target, _ = lines[0].split(b" ")
            if method == b"POST":
                came = receive(client, length(lines), len(rest))
                answer = b"%d" % came
                client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(answer), answer))
            else:
                size = int(target[1:])
                client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
                send(client, size)


def head(peer: socket.socket) -> tuple[list[bytes], bytes] | None:
    """The lines of a head, and what came behind it; ``None`` where the peer ended instead."""
    data = b""
    while b"\r\n\r\n" not in data:
        portion = peer.recv(4096)
        if not portion:
            return None
        data += portion
    lines, _, rest = data.partition(b"\r\n\r\n")
    return lines.split(b"\r\n"), rest


def length(lines: list[bytes]) -> int:
    return int(next(line.partition(b":")[2] for line in lines if line.lower().startswith(b"content-length:")))


def receive(peer: socket.socket, size: int, came: int = 0) -> int:
    """Receive in bursts until so much has come, or the end; returns how much came."""
    buffer = bytearray(len(_PORTION))
    while came < size:
        with _AT_ONCE:
            until = min(size, came + BURST)
            while came < until:
                count = peer.recv_into(buffer, min(len(buffer), size - came))
                if not count:
                    return came
                came += count
    return came


def send(peer: socket.socket, size: int) -> None:
    while size:
        portion = memoryview(_PORTION)[:size]
        peer.sendall(portion)
        size -= len(portion)


def download(connect: Connect, size: int) -> None:
    """:raises BenchError: another number of octets came."""
    with connect() as peer:
        peer.settimeout(PATIENCE)
        peer.sendall(b"GET /%d HTTP/1.1\r\nHost: bench\r\n\r\n" % size)
        found = head(peer)
        came = receive(peer, size, len(found[1])) if found else 0
    if came != size:
        raise BenchError(f"of a body of {size} octets {came} came")


def upload(connect: Connect, size: int) -> None:
    """:raises BenchError: another number of octets arrived."""
    with connect() as peer:
        peer.settimeout(PATIENCE)
        peer.sendall(b"POST /upload HTTP/1.1\r\nHost: bench\r\nContent-Length: %d\r\n\r\n" % size)
        send(peer, size)
        found = head(peer)
        if found is None:
            raise BenchError(f"an upload of {size} octets was not answered")
        lines, told = found
        while len(told) < length(lines):
            told += peer.recv(100)
    if int(told) != size:
        raise BenchError(f"of an upload of {size} octets {told.decode()} arrived")


def carry(connect: Connect, size: int, each_way: int) -> None:
    """So many uploads and as many downloads of ``size`` octets, all at once.

    :raises BenchError: one of them was not whole.
    """
    failures: list[Exception] = []

    def work(way: Callable[[Connect, int], None]) -> None:
        try:
            way(connect, size)
        except Exception as error:  # noqa: BLE001 - of a thread's: raised again below
            failures.append(error)

    threads = [threading.Thread(target=work, args=(way,), daemon=True) for way in [upload, download] * each_way]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


if __name__ == "__main__":
    serve(socket.create_server((sys.argv[1], int(sys.argv[2])), backlog=1024))
