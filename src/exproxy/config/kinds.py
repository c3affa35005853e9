"""The kinds of value that a configuration file has beside plain strings, numbers and booleans."""

from typing import Any, Generic, Literal, NewType, Protocol, TypeVar

import attrs

from exproxy.config.problems import KeyPath

T = TypeVar("T")

Duration = NewType("Duration", float)
"""Seconds; written with a unit."""
Size = NewType("Size", int)
"""A number; written as such or with a unit."""
ByteRate = NewType("ByteRate", int)
"""Octets a second; written ``"500B/s"``."""
Name = NewType("Name", str)
"""What people call a thing on the command line: no blanks, no slash."""
Port = NewType("Port", int)
"""1 to 65535."""
SyslogAddress = NewType("SyslogAddress", str)
"""``udp://host:port``, ``tcp://host:port`` or ``unix:///path``."""
Off = Literal["off"]


@attrs.frozen
class Several(Generic[T]):
    """One value or a list of them; each with its path below the key, so that a problem finds its line."""

    items: tuple[tuple[KeyPath, T], ...] = ()

    def values(self) -> tuple[T, ...]:
        return tuple(value for _, value in self.items)


class CheckerType(Protocol):
    """What a configuration has to know of a type of check; ``exproxy.check.interfaces.IChecker`` has it."""

    @property
    def options(self) -> type:
        """A frozen attrs class with the type's own keys."""

    @property
    def starttls(self) -> bool:
        """Whether its protocol has STARTTLS."""


class BadValueError(ValueError):
    """A value that cannot be used; ``hint`` says what could."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def later(instead: str) -> dict[str, str]:
    """The metadata of a key that is part of the configuration and that this version does not build yet.

    :param instead: what to do until then.
    """
    return {"later": instead}


def positive(_: object, attribute: "attrs.Attribute[Any]", value: float | None) -> None:
    if value is not None and not value > 0:
        raise ValueError(f"{attribute.name} has to be more than 0")


def between(low: int, high: int) -> Any:
    """A validator for numbers in a closed range."""

    def check(_: object, attribute: "attrs.Attribute[Any]", value: int | None) -> None:
        if value is not None and not low <= value <= high:
            raise ValueError(f"{attribute.name} is {value}, but has to be from {low} to {high}")

    return check


def at_least(low: int) -> Any:
    """A validator for numbers that have a least value."""

    def check(_: object, attribute: "attrs.Attribute[Any]", value: int | None) -> None:
        if value is not None and value < low:
            raise ValueError(f"{attribute.name} is {value}, but has to be at least {low}")

    return check
