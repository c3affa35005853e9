"""A session and a sink for the tests of the access log."""

from collections.abc import Sequence

from exproxy.proxy.accesslog.record import SessionRecord

RECORD = SessionRecord(
    client=("192.0.2.7", 33313),
    accepted=1_233_922_371.443,
    frontend="smtp",
    backend="hub",
    server="ex1",
    queue_ms=2,
    connect_ms=3,
    total_ms=5007,
    bytes_in=99,
    bytes_out=212,
    termination="--",
    actconn=5,
    feconn=4,
    beconn=3,
    srv_conn=2,
    retries=1,
    redispatched=False,
    srv_queue=6,
    backend_queue=7,
)


class MemorySink:
    """Keeps what it is given."""

    def __init__(self) -> None:
        self.dropped = 0
        self.batches: list[list[str]] = []
        self.calls: list[str] = []

    @property
    def lines(self) -> list[str]:
        return [line for batch in self.batches for line in batch]

    def write(self, lines: Sequence[str], now: float) -> None:
        self.batches.append(list(lines))

    def reopen(self) -> None:
        self.calls.append(f"reopen after {len(self.lines)}")

    def close(self) -> None:
        self.calls.append(f"close after {len(self.lines)}")
