"""``http``: one request, and what its answer has to be.  Its alias ``https`` is the same over implicit TLS.

A preset fills in what is not said: for ``owa`` and ``rpcproxy``, the signs of life of Exchange 2010, which has no health pages;
for ``healthcheck``, the page that Exchange 2013 and newer have for each directory and that Microsoft wants balancers to ask.
"""

from typing import Literal

import attrs
from twisted.plugin import IPlugin
from zope.interface import implementer

from exproxy.check.interfaces import IChecker, Target
from exproxy.wire.dialogue.base import Dialogue
from exproxy.wire.dialogue.http import HEALTHCHECK, HttpCheck, pattern, statuses

_DEFAULT_PORTS = frozenset({80, 443})


@attrs.frozen
class _Preset:
    """What a check asks and expects where its options say nothing."""

    method: str = "GET"
    path: str = "/"
    expect: tuple[str, ...] = ("200-399",)
    body: str = ""
    header: str = ""


_PRESETS = {
    # As HAProxy's httpchk: what is no error is well.
    "": _Preset(),
    # A redirect to the logon page, or a demand for credentials, is life; 403 and 5xx are not.
    "owa": _Preset(path="/owa/", expect=("200", "301", "302", "303", "307", "308", "401")),
    "healthcheck": _Preset(path="/owa/healthcheck.htm", expect=("200",), body=HEALTHCHECK),
    "rpcproxy": _Preset(path="/rpc/rpcproxy.dll", expect=("401",), header="WWW-Authenticate"),
}


def _are_statuses(_options: object, _attribute: object, expect: tuple[str, ...]) -> None:
    if expect:
        statuses(expect)


def _is_a_pattern(_options: object, _attribute: object, body: str) -> None:
    pattern(body)


def _is_a_method(_options: object, _attribute: object, method: str) -> None:
    if method:
        HttpCheck(method=method)


def _is_a_path(_options: object, _attribute: object, path: str) -> None:
    if path:
        HttpCheck(path=path)


def _is_a_host(_options: object, _attribute: object, host: str) -> None:
    HttpCheck(host=host)


def _are_headers(_options: object, _attribute: object, headers: dict[str, str]) -> None:
    HttpCheck(headers=headers)


@attrs.frozen
class HttpOptions:
    """What is empty is the preset's, or ``GET /`` and a status of 200 to 399.

    :param host: for ``Host``; the server's name, if nothing else is said.
    :param expect: the statuses that are well: ``"200"``, ``"2xx"``, ``"300-399"``.
    :param body: a regular expression that has to be found in the body.
    :param header: the name of a header that the answer has to have.
    """

    preset: Literal["", "owa", "healthcheck", "rpcproxy"] = attrs.field(default="", validator=attrs.validators.in_(_PRESETS))
    method: str = attrs.field(default="", validator=_is_a_method)
    path: str = attrs.field(default="", validator=_is_a_path)
    host: str = attrs.field(default="", validator=_is_a_host)
    headers: dict[str, str] = attrs.field(factory=dict, validator=_are_headers)
    expect: tuple[str, ...] = attrs.field(default=(), validator=_are_statuses)
    body: str = attrs.field(default="", validator=_is_a_pattern)
    header: str = ""


@implementer(IPlugin, IChecker)
class HttpChecker:
    """See :class:`exproxy.wire.dialogue.http.HttpCheck`."""

    name = "http"
    options: type = HttpOptions
    starttls = False
    default_port: int | None = 80

    def dialogue(self, options: HttpOptions, target: Target) -> Dialogue:
        preset = _PRESETS[options.preset]
        return HttpCheck(
            method=options.method or preset.method,
            path=options.path or preset.path,
            host=options.host or host_header(target),
            headers=options.headers,
            expect=options.expect or preset.expect,
            body=options.body or preset.body,
            header=options.header or preset.header,
        )


def host_header(target: Target) -> str:
    """The server's name, with the port where it is not HTTP's own (RFC 9110 7.2)."""
    name = f"[{target.host}]" if ":" in target.host else target.host
    return name if target.port in _DEFAULT_PORTS else f"{name}:{target.port}"
