"""The check of an RPC proxy (Outlook Anywhere): the echo request by which clients find out whether there is one.

Without credentials the proxy is well if it asks for them; with them, if it answers with an echo (MS-RPCH 2.1.2.1.5, 2.1.2.1.6,
2.2.4.48, 3.2.4.5.13).
"""

import base64
from collections.abc import Sequence

import attrs

from exproxy.wire.dialogue.base import Action, Status
from exproxy.wire.dialogue.http import HttpCheck
from exproxy.wire.errors import WireError
from exproxy.wire.http import Response
from exproxy.wire.lines import printable
from exproxy.wire.rts import ECHO, RtsHeader

CHALLENGE = "WWW-Authenticate"
_HEADERS = {"Accept": "application/rpc", "User-Agent": "MSRPC", "Cache-Control": "no-cache", "Pragma": "No-cache"}


def knock(verb: str, path: str, host: str) -> HttpCheck:
    """Well is a 401 with ``WWW-Authenticate``.

    :param verb: ``RPC_IN_DATA`` or ``RPC_OUT_DATA``.
    :param path: with the server and port behind the proxy as its query (MS-RPCH 2.2.2).
    :raises ValueError: as :class:`HttpCheck`.
    """
    return HttpCheck(method=verb, path=path, host=host, headers=_HEADERS, expect=("401",), header=CHALLENGE)


def echo(verb: str, path: str, host: str, user: str, password: str) -> "EchoCheck":
    """Well is an echo; parameters as :func:`knock`, and the credentials of a mailbox.

    :raises ValueError: as :class:`HttpCheck`.
    """
    return EchoCheck(method=verb, path=path, host=host, headers={**_HEADERS, "Authorization": basic(user, password)})


def basic(user: str, password: str) -> str:
    """The value of ``Authorization`` (RFC 7617).

    :raises ValueError: they cannot be written so; the text has neither of them.
    """
    if ":" in user:
        raise ValueError("the user's name has a colon, which Basic authentication cannot say")
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode("ascii")


@attrs.define
class EchoCheck(HttpCheck):
    """An :class:`HttpCheck` whose answer has to be an echo."""

    def _judge(self, responses: Sequence[Response]) -> Sequence[Action]:
        if not responses:
            return ()
        [response] = responses
        said = f"{self.method} {self.path} said {response}"
        if response.status == 401:
            return self._finish(Status.L7STS, f"{said}: {_refusal(response)}", 401)
        if response.status != 200:
            return self._finish(Status.L7STS, f"{said}, expected 200 with an echo", response.status)
        try:
            header = RtsHeader.decode(response.body)
        except WireError as error:
            return self._finish(Status.L7STS, f"{said}, but its body is no echo ({error})", 200)
        if header != ECHO or len(response.body) != ECHO.length:
            text = f"{said}, but with flags 0x{header.flags:04x} and {len(response.body)} octets its body is no echo"
            return self._finish(Status.L7STS, text, 200)
        return self._finish(Status.L7OKD, f"{said} with an echo", 200)


def _refusal(response: Response) -> str:
    offered = [value for name, value in response.headers if name.lower() == CHALLENGE.lower()]
    if any(value.lower().startswith("basic") for value in offered):
        return "the user or the password is wrong, or may not use the RPC proxy"
    names = ", ".join(value.partition(" ")[0] for value in offered)
    return f"it takes no Basic authentication, {f'but {printable(names, 80)}' if names else 'nor any other'}"
