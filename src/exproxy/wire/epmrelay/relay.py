"""One client's connection to an endpoint mapper, through us: every PDU passes as it is but those that name ports.

C706 chapter 12 (the protocol), appendix O (the mapper); MS-RPCE 2.2.1.1.8 (authentication levels), 2.2.2.11 (``sec_trailer``).
"""

import enum
from collections.abc import Callable

import attrs

from exproxy.wire.crossing import Broken, Crossing
from exproxy.wire.epm import OPNUM_MAP
from exproxy.wire.epmrelay.bounds import ANSWERS, CLIENT_FRAGMENT, INCOMPLETE, SERVER_FRAGMENT, TRAILER
from exproxy.wire.epmrelay.calls import Call, Calls, Kind
from exproxy.wire.epmrelay.contexts import Contexts
from exproxy.wire.epmrelay.directory import Directory
from exproxy.wire.epmrelay.enquiry import Enquiry
from exproxy.wire.epmrelay.farewell import UNANSWERED, farewell
from exproxy.wire.epmrelay.rewriting import Rewriter, declared
from exproxy.wire.eptlookup import OPNUM_LOOKUP
from exproxy.wire.errors import WireError
from exproxy.wire.rpc.call import ACCESS_DENIED, Fault, Reassembler, Response
from exproxy.wire.rpc.pdu import HEADER_SIZE, Flags, Pdu, PduReader, PduType
from exproxy.wire.rpc.refragment import Letterhead

_ASKED = {OPNUM_MAP: Kind.MAP, OPNUM_LOOKUP: Kind.LOOKUP}
_STUB = 8
"""Where a request's stub begins in its body, if it names no object: behind alloc_hint, context and opnum."""


class Protected(enum.Enum):
    """What becomes of ``ept_map`` and ``ept_lookup`` above level connect: their answers are signed, and cannot be rewritten."""

    REFUSE = "refuse"
    """They are not passed on; the client gets a fault, "access denied"."""
    PASS = "pass"  # noqa: S105 - no password: the word of the configuration
    """They pass, and the client learns the server's own address and ports."""


@attrs.define
class Counters:
    """:param mapped: answers rewritten; :param hidden: towers taken out; :param refused: protected calls refused."""

    mapped: int = 0
    hidden: int = 0
    refused: int = 0


@attrs.define
class _Outbox:
    """What one call of the relay has to send."""

    server: list[bytes] = attrs.field(factory=list)
    client: list[bytes] = attrs.field(factory=list)

    head: bytes = b""
    """The header of the PDU that is being handled."""

    def drain(self, reader: PduReader, data: bytes, handle: Callable[[Pdu, "_Outbox"], None]) -> None:
        """Give ``handle`` the PDUs that ``data`` completes."""
        reader.push(data)
        while (pdu := reader.next()) is not None:
            self.head = pdu.raw[:HEADER_SIZE]
            handle(pdu, self)
            self.head = b""

    def crossing(self) -> Crossing:
        return Crossing(b"".join(self.server), b"".join(self.client))


@attrs.define
class MapperRelay:
    """Give it what either side sends, cut anywhere, and send what it tells.

    :param counters: may be shared by all sessions of a front end.
    """

    directory: Directory
    protected: Protected
    counters: Counters = attrs.field(factory=Counters)
    _client: PduReader = attrs.field(factory=lambda: PduReader(CLIENT_FRAGMENT), init=False)
    _server: PduReader = attrs.field(factory=lambda: PduReader(SERVER_FRAGMENT), init=False)
    _contexts: Contexts = attrs.field(factory=Contexts, init=False)
    _calls: Calls = attrs.field(factory=Calls, init=False)
    _answers: Reassembler = attrs.field(factory=lambda: Reassembler(ANSWERS, INCOMPLETE), init=False)
    _rewriter: Rewriter = attrs.field(init=False)
    _auth3: int | None = attrs.field(default=None, init=False)
    """The last auth3's number: the one PDU without an answer that is nevertheless answered, with a fault, if it fails."""
    _refusing: bool = attrs.field(default=False, init=False)
    """A protected call was refused: it was numbered, and the server would take the next one's signature for a forgery."""

    _client_over: bool = attrs.field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        self._rewriter = Rewriter(self.directory, self.counters)

    @property
    def buffered(self) -> int:
        """Bytes held now, both directions and incomplete answers together; at most 64 KB."""
        return self._client.buffered + self._server.buffered + self._answers.buffered + self._calls.held

    def from_client(self, data: bytes) -> Crossing:
        """Take what the client sent.

        :raises Broken: a :class:`WireError`; send its ``last``, then close both sides, and call no more.
        """
        out = _Outbox()
        try:
            out.drain(self._client, data, self._client_sent)
        except WireError as error:
            out.client.append(farewell(error, out.head))
            raise Broken(error.what, error.where, out.crossing()) from error
        return out.crossing()

    def from_server(self, data: bytes) -> Crossing:
        """Take what the server sent; errors as :meth:`from_client`.

        A server that breaks the protocol is not talked about to the client: its calls end with the connection.
        """
        out = _Outbox()
        try:
            out.drain(self._server, data, self._server_sent)
        except WireError as error:
            raise Broken(error.what, error.where, out.crossing()) from error
        return out.crossing()

    def client_ended(self) -> None:
        """Nothing more comes from the client, which may wait for answers all the same.

        :raises WireError: a fragment is not complete.
        """
        self._client_over = True
        _check_whole(self._client)

    def server_ended(self) -> None:
        """Nothing more comes from the server.

        :raises WireError: a fragment is not complete, or a client that is still there waits for an answer.
        """
        _check_whole(self._server)
        waiting = None if self._client_over else self._contexts.unanswered() or self._calls.unanswered()
        if waiting is not None:
            raise WireError(f"the connection ended without an answer to {waiting}", "RPC connection")

    def _client_sent(self, pdu: Pdu, out: _Outbox) -> None:
        kind = pdu.type
        if kind is PduType.BIND or (kind is PduType.ALTER_CONTEXT and self._contexts.begun):
            out.server.append(self._contexts.offer(pdu))
        elif not self._contexts.begun:
            raise WireError("came before a bind", f"RPC {pdu.name}")
        elif kind is PduType.REQUEST:
            self._request(pdu, out)
        elif kind in UNANSWERED:
            self._note(pdu, out)
        else:
            raise WireError("is a server's to send, not a client's", f"RPC {pdu.name}")

    def _request(self, pdu: Pdu, out: _Outbox) -> None:
        call, octets = self._begin(pdu) if pdu.first else (self._calls.get(pdu), pdu.raw)
        if call.kind is not Kind.REFUSED:
            out.server.append(octets)
        elif pdu.last:
            self._calls.end(pdu.call_id)
            self.counters.refused += 1
            out.client.append(Fault(call.context, ACCESS_DENIED, pdu.order).encode(pdu.call_id))

    def _begin(self, pdu: Pdu) -> tuple[Call, bytes]:
        """A call, from its first fragment, and what the server is to see of that."""
        if len(pdu.body) < _STUB:
            raise WireError(f"{len(pdu.body)} bytes are too few", f"RPC {pdu.name}")
        kind, octets, enquiry = Kind.OTHER, pdu.raw, None
        context = int.from_bytes(pdu.body[4:6], pdu.order)
        if self._contexts.is_mapper(context):
            kind = _ASKED.get(int.from_bytes(pdu.body[6:8], pdu.order), Kind.OTHER)
        if pdu.auth is not None and pdu.auth.protects and (kind is not Kind.OTHER or self._refusing):
            self._refusing = self.protected is Protected.REFUSE
            kind = Kind.REFUSED if self._refusing else Kind.OTHER
        if kind is Kind.LOOKUP and pdu.last and (enquiry := Enquiry.of(pdu)) is not None:
            octets = enquiry.question
            if self._calls.held:
                enquiry.settle()  # one that is asked on is enough for 64 KB
            enquiry.settle_if_long()
        call = Call(kind, context, enquiry, dispensable=bool(pdu.flags & Flags.MAYBE))
        self._calls.begin(pdu, call)
        return call, octets

    def _note(self, pdu: Pdu, out: _Outbox) -> None:
        """An auth3, a cancel, an end of interest: the server does not hear of calls that it does not know."""
        if pdu.type is PduType.AUTH3:
            self._auth3 = pdu.call_id
        elif self._calls.refuses(pdu.call_id):
            if pdu.type is PduType.ORPHANED:
                self._calls.end(pdu.call_id)
            return
        elif pdu.type is PduType.ORPHANED:
            self._calls.give_up(pdu.call_id)
        out.server.append(pdu.raw)

    def _server_sent(self, pdu: Pdu, out: _Outbox) -> None:
        kind = pdu.type
        if kind is PduType.RESPONSE:
            self._response(pdu, out)
            return
        if kind in (PduType.BIND_ACK, PduType.ALTER_CONTEXT_RESPONSE):
            self._contexts.answer(pdu)
        elif kind is PduType.BIND_NAK:
            if not self._contexts.refused(pdu.call_id):
                raise WireError(f"answers call {pdu.call_id}, which nobody asked", f"RPC {pdu.name}")
        elif kind is PduType.FAULT:
            self._fault(pdu)
        elif kind is not PduType.SHUTDOWN:
            raise WireError("is a client's to send, not a server's", f"RPC {pdu.name}")
        out.client.append(pdu.raw)

    def _fault(self, pdu: Pdu) -> None:
        """It ends a call, an alter_context, or a failed auth3."""
        self._answers.add(pdu)
        if pdu.call_id in self._calls and not self._calls.refuses(pdu.call_id):
            self._calls.end(pdu.call_id)
        elif not self._contexts.refused(pdu.call_id) and pdu.call_id != self._auth3:
            raise WireError(f"answers call {pdu.call_id}, which nobody asked", f"RPC {pdu.name}")

    def _response(self, pdu: Pdu, out: _Outbox) -> None:
        call = self._calls.get(pdu)
        if call.kind is Kind.REFUSED:
            raise WireError(f"answers call {pdu.call_id}, which was not passed on", f"RPC {pdu.name}")
        if pdu.auth is not None and call.kind is not Kind.OTHER:
            self._judge_trailer(pdu, call)
        if call.kind is Kind.OTHER:
            out.client.append(pdu.raw)
            if pdu.last:
                self._calls.end(pdu.call_id)
            return
        answer = self._answers.add(pdu)
        if pdu.first:
            call.letterhead = Letterhead.of(pdu)
        if isinstance(answer, Response):
            self._answer(pdu.call_id, call, answer, out)

    def _judge_trailer(self, pdu: Pdu, call: Call) -> None:
        """An answer that is protected though its call is not; servers do not do that."""
        assert pdu.auth is not None, "the caller looked"
        if not pdu.auth.protects:
            if len(pdu.auth.value) > TRAILER:
                raise WireError(f"a trailer of {len(pdu.auth.value)} bytes protects nothing", f"RPC {pdu.name}")
        elif pdu.first and self.protected is Protected.PASS:
            call.kind = Kind.OTHER
        else:
            raise WireError(f"answers the unprotected call {pdu.call_id} at level {pdu.auth.level}", f"RPC {pdu.name}")

    def _answer(self, call_id: int, call: Call, answer: Response, out: _Outbox) -> None:
        """A whole answer: the client gets it with our places, or the server is asked on."""
        assert call.letterhead is not None, "a first fragment came before"
        if call.kind is Kind.MAP:
            stub = self._rewriter.map(answer.stub, answer.order)
        else:
            found = self._rewriter.lookup(answer.stub, answer.order)
            enquiry = call.enquiry
            if enquiry is None:
                stub = found.answer.encode(declared(answer.stub, answer.order), answer.order)
            else:
                question = enquiry.ask_on(found, answer.order)
                if question and not call.dispensable and not self._client_over:
                    out.server.append(question)
                    return
                stub = enquiry.result(found.answer).encode(enquiry.wanted, answer.order)
        self._calls.end(call_id)
        self.counters.mapped += 1
        out.client.append(call.letterhead.write(stub, self._contexts.fragment))


def _check_whole(reader: PduReader) -> None:
    if reader.buffered:
        raise WireError(f"the connection ended {reader.buffered} bytes into a fragment", "RPC connection")
