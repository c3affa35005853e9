"""One request, and what its answer has to be."""

from collections.abc import Mapping, Sequence

import attrs

from exproxy.wire.dialogue.base import Action

HEALTHCHECK = r"\A200 OK(?:(?:\s|<br ?/?>)+(?P<server>[\w.-]+))?"
"""The body of Exchange's ``healthcheck.htm``."""


@attrs.define
class HttpCheck:
    """One request, and what its answer has to be."""

    method: str = "GET"
    path: str = "/"
    host: str = ""
    headers: Mapping[str, str] = attrs.field(factory=dict)
    expect: Sequence[str] = ("200",)  # "200", "2xx", "300-399"
    body: str = ""  # a regular expression that has to be found; a group named server is put into the outcome's text
    header: str = ""  # the name of a header that the answer has to have

    def start(self) -> Sequence[Action]:
        raise NotImplementedError

    def receive(self, data: bytes) -> Sequence[Action]:
        raise NotImplementedError

    def secured(self) -> Sequence[Action]:
        raise NotImplementedError

    def closed(self) -> Sequence[Action]:
        raise NotImplementedError

    def last_line(self) -> str:
        raise NotImplementedError
