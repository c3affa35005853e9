"""A process that answers commands as a test says."""

import json
from typing import Any

from click.testing import CliRunner, Result
from twisted.trial.unittest import SynchronousTestCase

from exproxy.cli import connection, main


class FakeResponse:
    def __init__(self, status: int, body: bytes) -> None:
        self.status = status
        self._body = body

    def read(self) -> bytes:
        return self._body


class ProcessTestCase(SynchronousTestCase):
    """``answer`` is what the process says next; ``asked`` what it was asked."""

    def setUp(self) -> None:
        self.asked: list[tuple[str, str, Any]] = []
        self.status = 200
        self.answer: Any = {}
        self.error: Exception | None = None
        test = self

        class FakeConnection:
            def __init__(self, path: object, patience: float) -> None:
                test.path, test.patience = str(path), patience

            def request(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> None:
                if test.error is not None:
                    raise test.error
                test.asked.append((method, path, None if body is None else json.loads(body)))

            def getresponse(self) -> FakeResponse:
                raw = isinstance(test.answer, bytes)
                return FakeResponse(test.status, test.answer if raw else json.dumps(test.answer).encode())

            def close(self) -> None:
                pass

        self.path = ""
        self.patience = 0.0
        self.patch(connection, "_UnixConnection", FakeConnection)

    def run_with(self, *arguments: str, **rest: Any) -> Result:
        return CliRunner().invoke(main, [*arguments, "--socket", "/run/x.sock"], **rest)
