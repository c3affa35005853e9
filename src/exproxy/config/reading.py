"""Single values of a configuration file, from what TOML makes of them; each by itself, and refused with the right words."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, get_args

from exproxy.config import addresses, units
from exproxy.config.kinds import BadValueError, ByteRate, Duration, Name, Port, Size, SyslogAddress
from exproxy.config.model import Balance, Mode, Rate
from exproxy.config.problems import did_you_mean
from exproxy.config.sources import FileText

NAME = re.compile(r"[\w.:@-]+", re.ASCII)
_NOUNS = {get_args(Balance): "an algorithm", get_args(Mode): "a mode"}


def said(value: Any) -> str:
    """A value as it may be quoted in a sentence."""
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a table"
    return "a list" if isinstance(value, list) else str(value)


def table(value: Any, expected: str = "a table") -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise BadValueError(f"{expected} is expected, not {said(value)}")
    return value


def string(value: Any) -> str:
    """A string, or the text of the file that stands for one."""
    if isinstance(value, FileText):
        return value.read()
    if not isinstance(value, str):
        raise BadValueError(
            f"a string is expected, not {said(value)}", f'write "{value}"' if isinstance(value, int | float) else ""
        )
    return value


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise BadValueError(f"a whole number is expected, not {said(value)}")
    return value


def _number(value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise BadValueError(f"a number is expected, not {said(value)}")
    return float(value)


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise BadValueError(f"true or false is expected, not {said(value)}")
    return value


def _name(value: Any) -> str:
    name = string(value)
    if not NAME.fullmatch(name):
        raise BadValueError(f'"{name}" is not a name: letters, digits and . _ - : @')
    return name


def word(value: Any, words: Iterable[Any]) -> Any:
    """One of ``words``."""
    known = tuple(words)
    given = string(value)
    if given not in known:
        noun = _NOUNS.get(known)
        message = f'"{given}" is not {noun}' if noun else f'"{given}" is not known here'
        raise BadValueError(message, did_you_mean(given, known))
    return given


def _duration(value: Any) -> float:
    return units.duration(string(value) if isinstance(value, FileText) else value)


def _rate(value: Any) -> Rate:
    return Rate(*units.rate(value))


def _port(value: Any) -> int:
    return addresses.port_number(value, said(value).strip('"'))


def server_port(value: Any) -> int | addresses.InterfacePort:
    """A server's port, which may be an interface's."""
    return addresses.server_port(value, said(value).strip('"'))


def _bind_address(value: Any) -> addresses.BindAddress:
    return addresses.bind_address(string(value))


def _port_range(value: Any) -> addresses.PortRange:
    return addresses.port_range(string(value))


def _syslog_address(value: Any) -> str:
    return addresses.syslog_address(string(value))


def _server_address(value: Any) -> addresses.ServerAddress:
    return addresses.server_address(string(value))


READERS: Mapping[Any, Callable[[Any], Any]] = {
    str: string,
    int: _whole,
    float: _number,
    bool: _truth,
    Duration: _duration,
    Size: units.size,
    ByteRate: units.byte_rate,
    Rate: _rate,
    Name: _name,
    Port: _port,
    SyslogAddress: _syslog_address,
    addresses.BindAddress: _bind_address,
    addresses.PortRange: _port_range,
    addresses.ServerAddress: _server_address,
}
"""What reads each kind of value; each raises ValueError."""
