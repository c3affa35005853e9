"""An endpoint mapper that says always the same (``python -m bench.mapper PORT``), and clients who ask it."""

import asyncio
import socket
import sys
import time

from bench.load import Done
from bench.processes import LOOPBACK, BenchError, Processes, free_port
from exproxy.wire.epm import OPNUM_MAP, MapRequest, MapResponse, tower
from exproxy.wire.interfaces import EMSMDB, EPM
from exproxy.wire.rpc.association import Bind, Context, answer_bind
from exproxy.wire.rpc.call import Request, Response

AT_ONCE = 16

BIND = Bind((Context(0, EPM.syntax),))
HELLO = BIND.encode(1)
QUESTION = Request(0, OPNUM_MAP, MapRequest(tower(EMSMDB.syntax, 135)).encode()).encode(2)
ANSWER = Response(0, MapResponse((tower(EMSMDB.syntax, 6001, "192.0.2.1"),)).encode(4)).encode(2)
ACK = answer_bind(BIND, [EPM.syntax], secondary="135", group=1).encode(1)


class Mapper(asyncio.Protocol):
    """One connection; nobody sends more than one fragment at once."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._transport.write(ANSWER if data[2] == 0 else ACK)


async def serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Mapper, LOOPBACK, port, backlog=1024)
    await server.serve_forever()


def start_mapper(processes: Processes) -> int:
    """Start it; returns its port."""
    port = free_port()
    processes.start("mapper", [sys.executable, "-m", "bench.mapper", str(port)], port)
    return port


def maps(port: int, seconds: float) -> Done:
    """Connect, bind, map, close, by :data:`AT_ONCE` clients at once."""
    times = 0
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        clients = [socket.create_connection((LOOPBACK, port), timeout=10) for _ in range(AT_ONCE)]
        for said, heard in ((HELLO, len(ACK)), (QUESTION, len(ANSWER))):
            for client in clients:
                client.sendall(said)
            for client in clients:
                answer = client.recv(4096)
                if len(answer) != heard:
                    raise BenchError(f"a question to the endpoint mapper was answered with {answer[:40]!r}")
        for client in clients:
            client.close()
        times += AT_ONCE
    return Done(times)


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
