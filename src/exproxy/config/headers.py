"""Header lines that are set, added and removed in mode ``http``."""

import re

import attrs

from exproxy.config.model import Headers
from exproxy.config.problems import KeyPath
from exproxy.config.report import Report
from exproxy.config.sections import HeadersSection

_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # RFC 9110 5.6.2
_VALUE = re.compile(r"[!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?")
_MOST_JOINTS = 8
NOT_FOR_RULES = {
    "connection": "it is about one connection, and there are two",
    "keep-alive": "it is about one connection, and there are two",
    "proxy-connection": "it is about one connection, and there are two",
    "te": "it is about one connection, and there are two",
    "upgrade": "websockets are passed on by themselves, and nothing else is",
    "content-length": "it says where the message ends",
    "transfer-encoding": "it says where the message ends",
    "trailer": "it says what comes behind the message",
}
"""Names in lower case, and why they are left alone."""
VARIABLES = ("source", "host", "proto")
_VARIABLE = re.compile(r"\{([a-z_]+)\}")


@attrs.frozen
class HeadersBuilder:
    """Builds rules for header lines; every problem goes to the report."""

    report: Report

    def request(self, path: KeyPath, section: HeadersSection | None) -> Headers:
        """For what goes to servers."""
        section = section or HeadersSection()
        for place, value in self._values(path, section):
            for unknown in set(_VARIABLE.findall(value)) - set(VARIABLES):
                known = ", ".join(f"{{{name}}}" for name in VARIABLES)
                self.report.problem(place, f'there is no variable "{{{unknown}}}"', f"there are {known}")
        for place, name in (*self._added(path, section), *self._removed(path, section)):
            if name.lower() == "host":
                self.report.problem(place, "Host may be set, but neither added nor removed: each request has one")
        return self._headers(path, section)

    def response(self, path: KeyPath, section: HeadersSection | None) -> Headers:
        """For what goes to clients."""
        section = section or HeadersSection()
        for place, value in self._values(path, section):
            for known in set(_VARIABLE.findall(value)) & set(VARIABLES):
                message = f'"{{{known}}}" is for request_headers: an answer is the same for everybody'
                self.report.problem(place, message)
        for place, name in self._names(path, section):
            if name.lower() == "host":
                self.report.problem(place, "Host is a header of requests")
        return self._headers(path, section)

    def _headers(self, path: KeyPath, section: HeadersSection) -> Headers:
        for place, name in self._names(path, section):
            self._name(place, name)
        said: dict[str, str] = {}
        for name in section.set:
            if (first := said.setdefault(name.lower(), name)) != name:
                self.report.problem((*path, "set", name), f"this is already set as {first}: case does not count")
        for place, value in self._values(path, section):
            if value and not _VALUE.fullmatch(value):
                message = "a value has no control characters, none beyond Latin-1, and no blank before or behind it"
                self.report.problem(place, message)
        return Headers(
            tuple(section.set.items()),
            tuple((name, value) for name, values in section.add.items() for value in values.values()),
            section.remove.values(),
        )

    def _name(self, place: KeyPath, name: str) -> None:
        if not _NAME.fullmatch(name):
            self.report.problem(place, f'"{name}" is not the name of a header')
        elif name.lower() in NOT_FOR_RULES:
            self.report.problem(place, f"{name} is not for rules: {NOT_FOR_RULES[name.lower()]}")
        elif name.count("-") + name.count("_") > _MOST_JOINTS:
            # Every one of its spellings is looked for: see wire/web/rules.py.
            self.report.problem(place, f'"{name}" has more than {_MOST_JOINTS} hyphens')

    def _names(self, path: KeyPath, section: HeadersSection) -> list[tuple[KeyPath, str]]:
        put = [((*path, "set", name), name) for name in section.set]
        return [*put, *self._added(path, section), *self._removed(path, section)]

    def _added(self, path: KeyPath, section: HeadersSection) -> list[tuple[KeyPath, str]]:
        return [((*path, "add", name), name) for name in section.add]

    def _removed(self, path: KeyPath, section: HeadersSection) -> list[tuple[KeyPath, str]]:
        return [((*path, "remove", *below), name) for below, name in section.remove.items]

    def _values(self, path: KeyPath, section: HeadersSection) -> list[tuple[KeyPath, str]]:
        put: list[tuple[KeyPath, str]] = [((*path, "set", name), value) for name, value in section.set.items()]
        added = [((*path, "add", name, *below), value) for name, more in section.add.items() for below, value in more.items]
        return [*put, *added]
