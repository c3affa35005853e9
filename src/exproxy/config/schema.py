"""JSON Schema of the configuration file, for editors that complete and check while one types."""

import types
from collections import abc
from collections.abc import Mapping
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import attrs

from exproxy.config.addresses import BindAddress, InterfacePort, PortRange, ServerAddress
from exproxy.config.kinds import ByteRate, CheckerType, Duration, Name, Port, Several, Size, SyslogAddress
from exproxy.config.model import Network, Rate
from exproxy.config.sections import (
    AgentSection,
    BindSection,
    CertificateSection,
    CheckSection,
    CheckTLSSection,
    ClientCertificatesSection,
    DocumentSection,
    FrontTLSSection,
    MappedSection,
    MapperSection,
    RedirectSection,
    ServerSection,
    ServerTLSSection,
    WebhookSection,
)
from exproxy.config.structuring import TLS_TYPES, shown

_DURATION = {"type": "string", "pattern": r"^\s*\d+(\.\d+)?\s*(ms|s|m|h|d)\s*$|\$\{"}
_RATE = {"type": "string", "pattern": r"^\s*\d+\s*/\s*(\d+(\.\d+)?)?\s*(ms|s|m|h|d)\s*$|\$\{"}
_BYTE_RATE = {"type": "string", "pattern": r"^\s*\d+(\.\d+)?\s*[A-Za-z]+/s\s*$|\$\{"}
_TEXT = {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/file"}]}
_PORT = {"type": "integer", "minimum": 1, "maximum": 65535}
_SCALARS: Mapping[Any, Mapping[str, Any]] = {
    str: _TEXT,
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    Any: {},
    object: {},
    Duration: _DURATION,
    Size: {"type": ["integer", "string"]},
    Rate: _RATE,
    ByteRate: _BYTE_RATE,
    Name: {"type": "string"},
    Port: {"anyOf": [_PORT, {"type": "string"}]},
    InterfacePort: {"type": "string", "pattern": r"^epm/|\$\{"},
    BindAddress: _TEXT,
    PortRange: _TEXT,
    ServerAddress: _TEXT,
    SyslogAddress: _TEXT,
    Network: _TEXT,
}
_SHORT: Mapping[Any, Mapping[str, Any]] = {
    ServerSection: {"type": ["string", "integer"]},
    BindSection: {"type": "string"},
    MappedSection: {"type": "string"},
    AgentSection: _PORT,
    MapperSection: _PORT,
    RedirectSection: {"type": "string"},
    CheckTLSSection: {"enum": ["off", "starttls", "implicit"]},
    FrontTLSSection: {"enum": ["off", "starttls", "implicit"]},
    ServerTLSSection: {"enum": ["off", "starttls", "implicit"]},
    CertificateSection: {"type": "string"},
    ClientCertificatesSection: {"type": "string"},
    WebhookSection: {"type": "string"},
}


def schema(checkers: Mapping[str, CheckerType]) -> dict[str, Any]:
    """The schema, draft 2020-12; ``checkers`` as for :func:`exproxy.config.load.load`."""
    names = {**checkers, **{alias: checkers[name] for alias, name in TLS_TYPES.items() if name in checkers}}
    file = {"type": "object", "properties": {"file": {"type": "string"}}, "required": ["file"], "additionalProperties": False}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "exproxy",
        "$defs": {
            "file": file,
            "check": {
                "anyOf": [
                    {"enum": sorted(names)},
                    _check(None, None),
                    *(_check(name, checker.options) for name, checker in names.items()),
                ]
            },
        },
        **_table(DocumentSection),
    }


def keys(kind: Any = DocumentSection) -> frozenset[str]:
    """Every key that a file may have, at any depth, but for those of the check types."""
    found = set()
    for attribute, hint in _fields(kind):
        found.add(attribute.name)
        found.update(*(keys(section) for section in _sections(hint)))
    return frozenset(found)


def _sections(hint: Any) -> list[Any]:
    if get_origin(hint) is None:
        return [hint] if attrs.has(hint) and hint not in _SCALARS else []
    return [section for argument in get_args(hint) for section in _sections(argument)]


def _fields(kind: Any) -> list[tuple[Any, Any]]:
    hints = get_type_hints(kind)
    return [(attribute, hints[attribute.name]) for attribute in shown(kind)]


def _table(kind: Any) -> dict[str, Any]:
    properties = {}
    for attribute, hint in _fields(kind):
        properties[attribute.name] = dict(_kind(hint))
        if "later" in attribute.metadata:
            properties[attribute.name]["description"] = f"Not built yet: {attribute.metadata['later']}."
    # Nothing is required: what is missing here may come from an included file or from [exchange].
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _check(name: str | None, options: Any) -> dict[str, Any]:
    """A check of one type, or one without a type, which is ``tcp`` or a change to the back end's checks."""
    table = _table(CheckSection)
    if name is None:
        del table["properties"]["type"]
        return table
    special = _table(options)
    properties = {**special["properties"], **table["properties"], "type": {"const": name}}
    return {**table, "properties": properties, "required": ["type"]}


def _kind(kind: Any) -> Mapping[str, Any]:
    if kind in _SCALARS:
        return _SCALARS[kind]
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Several, tuple):
        item = {"$ref": "#/$defs/check"} if arguments[0] is CheckSection else _kind(arguments[0])
        several = {"anyOf": [item, {"type": "array", "items": item}]}
        return {"anyOf": [*several["anyOf"], {"const": "off"}]} if arguments[0] is CheckSection else several
    if origin in (abc.Mapping, dict):
        return {"type": "object", "additionalProperties": _kind(arguments[1])}
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin in (Union, types.UnionType):
        kinds = [_kind(member) for member in arguments if member is not types.NoneType]
        return kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
    return {"anyOf": [_SHORT[kind], _table(kind)]} if kind in _SHORT else _table(kind)
