"""Heads as they are passed on: in their order and case, values untouched, without what was for one connection only.

A request keeps its version: a server must not send chunks to a client of HTTP/1.0, and is only told so by that.  No ``Via`` is
added, which RFC 9110 7.6.3 wants: IIS may then send nothing compressed (``noCompressionForProxies``), and HAProxy adds none.
"""

from collections.abc import Mapping, Sequence

import attrs

from exproxy.wire.web.claims import certificate_claims
from exproxy.wire.web.framing import asks_websocket
from exproxy.wire.web.head import RequestHead, ResponseHead
from exproxy.wire.web.hops import REQUEST_HOPS, RESPONSE_HOPS, dropped
from exproxy.wire.web.origin import CLAIMS, LIKEWISE, USUAL, Origin, Tell
from exproxy.wire.web.rules import VARIABLE, HeaderRules, filled, header_line, spellings


@attrs.frozen
class Forwarding:
    """What a front end does to heads.

    :param tell: what servers are told about the client.
    :param request: rules for what goes to servers; they win over ``tell``, and their values may have variables.
    :param response: rules for what goes to clients.
    :param identity: names in lower case of lines that tell of a client's certificate; nobody but a trusted proxy may send them.
    """

    tell: frozenset[Tell] = USUAL
    request: HeaderRules = attrs.field(factory=HeaderRules)
    response: HeaderRules = attrs.field(factory=HeaderRules)
    identity: frozenset[bytes] = attrs.field(factory=certificate_claims)
    told: frozenset[Tell] = attrs.field(init=False)
    variables: frozenset[bytes] = attrs.field(init=False)
    request_drops: frozenset[bytes] = attrs.field(init=False)
    client_drops: frozenset[bytes] = attrs.field(init=False)
    """What is taken from who is not trusted."""
    response_drops: frozenset[bytes] = attrs.field(init=False)

    @told.default
    def _told(self) -> frozenset[Tell]:
        return frozenset(tell for tell in self.tell if tell.value not in self.request.dropped)

    @variables.default
    def _variables(self) -> frozenset[bytes]:
        return frozenset(name for line in self.request.lines for name in VARIABLE.findall(line))

    @request_drops.default
    def _request_drops(self) -> frozenset[bytes]:
        return REQUEST_HOPS | CLAIMS | self.request.spelled

    @client_drops.default
    def _client_drops(self) -> frozenset[bytes]:
        return self.request_drops | self.identity

    @response_drops.default
    def _response_drops(self) -> frozenset[bytes]:
        return RESPONSE_HOPS | self.response.dropped

    def through(self, request: HeaderRules, response: HeaderRules) -> "Forwarding":
        """For a back end with rules of its own: a request meets the front end's first, an answer the back end's."""
        return Forwarding(self.tell, self.request.then(request), response.then(self.response), self.identity)


@attrs.define
class Forwarder:
    """Writes the heads of one client connection.

    :param about: lines that we write about this client and that it must not write itself, as those about its certificate; with
        None, the line is only removed.
    """

    forwarding: Forwarding
    origin: Origin
    about: Mapping[str, str | None] = attrs.field(factory=dict)
    withheld: frozenset[bytes] = attrs.field(init=False)
    """Names in lower case of lines that this client may send and no server gets."""
    _constant: list[bytes] = attrs.field(init=False)
    _authority: bytes | None = attrs.field(default=None, init=False)
    _told: list[bytes] = attrs.field(factory=list, init=False)

    @withheld.default
    def _first_withheld(self) -> frozenset[bytes]:
        drops = self.forwarding.client_drops
        if self.origin.trusted:
            drops = self.forwarding.request_drops - (LIKEWISE - self.forwarding.request.spelled)
        return drops.union(*(spellings(name.lower().encode("ascii")) for name in self.about)) if self.about else drops

    @_constant.default
    def _first_constant(self) -> list[bytes]:
        return self._constant_for(b"")

    def _constant_for(self, authority: bytes) -> list[bytes]:
        ruled = self.forwarding.request.dropped
        about = [header_line(name, value) for name, value in self.about.items() if value and name.lower().encode() not in ruled]
        if not self.forwarding.variables:
            return [*about, *self.forwarding.request.lines]
        origin = self.origin
        values = {b"source": origin.spoken.encode("ascii"), b"proto": origin.proto, b"host": authority}
        return [*about, *(filled(line, values) for line in self.forwarding.request.lines)]

    def request(self, head: RequestHead, more: Sequence[bytes] = ()) -> bytes:
        """The head for the server.

        :param more: lines of this request, without their ends.
        """
        if more:
            return self._request(head, more)
        if head.writer is not self:
            head.written = self._request(head, more)
            head.writer = self
        return head.written

    def _request(self, head: RequestHead, more: Sequence[bytes]) -> bytes:
        drops = dropped(self.withheld, head.options) if head.options else self.withheld
        lines = [line for name, line in zip(head.names, head.lines, strict=True) if name not in drops]
        values = head.values
        if head.options or not head.minor or b"te" in values:
            lines += self._connection(head)
            if not head.minor:
                lines = [line for line in lines if line[:7].lower() != b"expect:"]  # RFC 9110 10.1.1
        if head.authority != self._authority:
            self._follow(head.authority)
        lines += self.origin.appended(self.forwarding.told, head.authority, head) if self.origin.trusted else self._told
        return b"\r\n".join([head.start, *lines, *self._constant, *more, b"", b""])

    def response(self, head: ResponseHead, keep: bool, minor: int, more: Sequence[bytes] = ()) -> bytes:
        """The head for the client.

        :param keep: whether the client's connection is kept.
        :param minor: of the client's version; a client of HTTP/1.0 gets no interim answers.
        :param more: lines of this answer, without their ends.
        """
        if more or not keep or not minor:  # then it depends on more than the head
            return self._response(head, keep, minor, more)
        if head.writer is not self:
            head.written = self._response(head, keep, minor, more)
            head.writer = self
        return head.written

    def _response(self, head: ResponseHead, keep: bool, minor: int, more: Sequence[bytes]) -> bytes:
        drops = self.forwarding.response_drops
        if head.options:
            drops = dropped(drops, head.options)
        if head.status < 200 or head.status == 204:
            drops |= {b"content-length"}  # it says 0, and should not be there (RFC 9110 8.6)
        elif head.status == 304:
            drops |= {b"transfer-encoding"}  # there are clients that wait for the chunks; anybody may take it away (RFC 9112 6.1)
        lines = [line for name, line in zip(head.names, head.lines, strict=True) if name not in drops]
        if head.status == 101:
            lines += [b"Upgrade: " + head.values[b"upgrade"], b"Connection: Upgrade"]
        elif head.status >= 200:
            if not keep:
                lines.append(b"Connection: close")
            elif not minor:
                lines.append(b"Connection: keep-alive")
            lines += self.forwarding.response.lines
        return b"\r\n".join([b"HTTP/1.1 " + head.start, *lines, *more, b"", b""])

    def _follow(self, authority: bytes) -> None:
        """Write what goes by the host: nearly always there is one for a client's whole stay."""
        self._authority = authority
        self._told = self.origin.lines(self.forwarding.told, authority)
        if b"host" in self.forwarding.variables:
            self._constant = self._constant_for(authority)

    def _connection(self, head: RequestHead) -> list[bytes]:
        """What we say to the server about this connection."""
        options = []
        lines = []
        if asks_websocket(head):
            options.append(b"Upgrade")
            lines.append(b"Upgrade: " + head.values[b"upgrade"])
        te = head.values.get(b"te")
        if te is not None and head.minor and any(part.strip(b" \t").lower() == b"trailers" for part in te.split(b",")):
            options.append(b"TE")
            lines.append(b"TE: trailers")
        if not head.minor and b"keep-alive" in head.options and b"close" not in head.options:
            options.append(b"keep-alive")
        return [*lines, b"Connection: " + b", ".join(options)] if options else lines
