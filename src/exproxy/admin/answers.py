"""What is asked and what is answered, without HTTP's wire."""

import json
from collections.abc import Callable, Mapping
from typing import Protocol

from attrs import Factory, field, frozen

from exproxy.admin.plain import plain

JSON = "application/json"
HTML = "text/html; charset=utf-8"
TEXT = "text/plain; charset=utf-8"


@frozen
class Asked:
    """One request.

    :param path: in parts, decoded.
    :param query: the last value of each name.
    :param kind: ``Content-Type`` without its parameters, in lower case.
    :param user: who it is by the socket's own word; ``None``: it came over the network.
    :param address: where it comes from.
    :param authority: what it takes us for (``Host``); empty where it does not say.
    :param host: the same without the port.
    :param secure: whether it speaks TLS to us.
    :param page: whether a page is wanted, by a browser that shows what it is answered.
    :param session: the cookie that says who has logged in (:mod:`exproxy.admin.cookies`).
    :param mark: the cookie that says who has logged in from there before.
    :param token: ``X-CSRF-Token``.
    :param origin: of the page that has it sent, where the browser says so.
    :param site: ``Sec-Fetch-Site``: how near to us that page is, likewise; empty: nothing was said.
    """

    method: str
    path: tuple[str, ...]
    query: Mapping[str, str] = field(default=Factory(dict))
    kind: str = ""
    body: bytes = field(default=b"", repr=False)
    authorization: bytes | None = field(default=None, repr=False)
    user: str | None = None
    address: str = ""
    host: str = ""
    authority: str = ""
    secure: bool = False
    page: bool = False
    session: str = field(default="", repr=False)
    mark: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    origin: str | None = None
    site: str = ""


class Listener(Protocol):
    """One who goes on listening when the answer has begun."""

    @property
    def full(self) -> bool:
        """Whether what was told has not gone out yet: nothing should be told until it has, for it would only be kept."""

    def tell(self, data: bytes) -> None:
        """The answer goes on; nothing happens when who asked has left."""

    def end(self) -> None:
        """The answer is whole."""

    def cut(self) -> None:
        """End the connection, whatever has not gone out."""


Follow = Callable[[Listener], Callable[[], None]]
"""Takes who listens, and returns what is called when it has left, whoever ended it."""


@frozen
class Answer:
    """:param headers: beside those that all answers have.

    :param follow: the answer goes on behind its body, for as long as this tells more.

    :param took: seconds of work on it after the request's own turn (:mod:`exproxy.admin.pieces`).
    """

    status: int
    body: bytes
    kind: str = JSON
    headers: tuple[tuple[str, str], ...] = ()
    follow: Follow | None = None
    took: float = 0.0


class RefusedError(Exception):
    """The request cannot be done; the text is for people.

    :param nearest: the name that was probably meant.
    """

    def __init__(self, status: int, text: str, headers: tuple[tuple[str, str], ...] = (), nearest: str = "") -> None:
        super().__init__(text)
        self.status = status
        self.headers = headers
        self.nearest = nearest

    def answer(self) -> Answer:
        """As JSON."""
        said = {"error": str(self)} | ({"nearest": self.nearest} if self.nearest else {})
        return Answer(self.status, _encoded(said), JSON, self.headers)


def told(view: object, status: int = 200) -> Answer:
    """A view, a sequence of views, or a dictionary of plain values."""
    return Answer(status, _encoded(view if isinstance(view, dict) else plain(view)))


def text(words: str, status: int = 200) -> Answer:
    """For people and simple programs."""
    return Answer(status, words.encode(), TEXT)


def _encoded(value: object) -> bytes:
    # what is no text, as a file's name may be, is written as JSON itself would escape it
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace") + b"\n"
