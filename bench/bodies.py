"""Many long bodies at once between slow peers: a server (``python -m bench.bodies PORT``), and clients.

Who receives is slow: of all of a process only two receive at a time, a burst each, and the others are deaf meanwhile.  So what is
between the two ends is as full as it will ever be.
"""

import socket
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from bench.load import Connect
from bench.processes import LOOPBACK, BenchError, Processes, free_port

BURST = 4 << 20
PATIENCE = 600
"""Seconds that an end waits for its turn."""
_AT_ONCE = threading.BoundedSemaphore(2)
_PORTION = bytes(1 << 18)


def start_server(processes: Processes) -> int:
    """Start it; returns its port."""
    port = free_port()
    processes.start("bodies", [sys.executable, "-m", "bench.bodies", str(port)], port)
    return port


def serve(listener: socket.socket) -> None:
    """Answer everybody, in threads, until the listener is shut down."""
    with listener:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
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
    ways: list[Callable[[Connect, int], None]] = [upload, download] * each_way
    with ThreadPoolExecutor(len(ways)) as pool:
        for done in [pool.submit(way, connect, size) for way in ways]:
            done.result()


if __name__ == "__main__":
    serve(socket.create_server((LOOPBACK, int(sys.argv[1])), backlog=1024))
