"""The RPC interfaces of Exchange 2010, and the endpoint mapper that tells their ports."""

from collections.abc import Callable, Mapping
from uuid import UUID

from exproxy.simulator.rpc import Handler
from exproxy.wire.rpc.call import Request
from exproxy.wire.rpc.syntax import Syntax

MAPPER = Syntax(UUID("e1af8308-5d1f-11c9-91a4-08002b14a0fa"), 3, 0)
EMSMDB = Syntax(UUID("a4f1db00-ca47-1067-b31f-00dd010662da"), 0, 81)
ASYNC_EMSMDB = Syntax(UUID("5261574a-4572-206e-b268-6b199213b4e4"), 0, 1)
NSPI = Syntax(UUID("f5cc5a18-4264-101a-8c59-08002b2f8426"), 56, 0)
RFRI = Syntax(UUID("1544f5e0-613c-11d1-93df-00c04fd7bd09"), 1, 0)

CLIENT_ACCESS = (EMSMDB, ASYNC_EMSMDB)
ADDRESS_BOOK = (NSPI, RFRI)


def mapper(address: str, ports: Mapping[Syntax, Callable[[], int]]) -> Handler:
    def answer(request: Request) -> bytes | None:
        return None

    return answer
