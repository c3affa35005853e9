"""Binding: which interfaces and transfer syntaxes a connection speaks.

C706 12.6.4.3 (bind), 12.6.4.4 (bind_ack), 12.6.4.5 (bind_nak), 12.6.4.1 and .2 (alter_context and its response),
12.6.3.1 (``p_cont_list_t``, ``p_result_list_t``, ``port_any_t``, reasons); MS-RPCE 2.2.2.4, 2.2.2.5, 2.2.2.14, 3.3.1.5.3.
"""

import enum
from collections.abc import Iterable

import attrs

from exproxy.wire.errors import WireError
from exproxy.wire.rpc.ndr import ByteOrder, NdrReader, NdrWriter
from exproxy.wire.rpc.pdu import WHOLE, Auth, Pdu, PduType, encode_pdu
from exproxy.wire.rpc.syntax import NDR, NO_SYNTAX, Syntax, read_syntax, write_syntax

FRAGMENT_SIZE = 5840
"""What Windows offers on TCP."""

_REASONS = {
    0: "reason not specified",
    1: "abstract syntax not supported",
    2: "proposed transfer syntaxes not supported",
    3: "local limit exceeded",
}
_NAK_REASONS = {
    0: "reason not specified",
    1: "temporary congestion",
    2: "local limit exceeded",
    3: "called address unknown",
    4: "protocol version not supported",
    5: "default context not supported",
    6: "user data not readable",
    7: "no access point available",
    8: "authentication type not recognized",  # 8 and 9: MS-RPCE 2.2.2.5
    9: "invalid checksum",
}


class Verdict(enum.IntEnum):
    """``p_cont_def_result_t``; the last one is MS-RPCE 2.2.2.4."""

    ACCEPTANCE = 0
    USER_REJECTION = 1
    PROVIDER_REJECTION = 2
    NEGOTIATE_ACK = 3


_VERDICTS = {int(verdict): verdict for verdict in Verdict}


@attrs.frozen
class Context:
    """One presentation context: an interface and the transfer syntaxes in which the client could speak it."""

    id: int
    abstract: Syntax
    transfers: tuple[Syntax, ...] = (NDR,)


@attrs.frozen
class Bind:
    """A client's bind or alter_context.

    :param max_transmit: the largest fragment that the client will send, in bytes.
    :param max_receive: the largest that it takes.
    :param group: the association group to join; 0 for a new one.
    """

    contexts: tuple[Context, ...]
    max_transmit: int = FRAGMENT_SIZE
    max_receive: int = FRAGMENT_SIZE
    group: int = 0
    kind: PduType = PduType.BIND

    def encode(self, call_id: int, *, flags: int = WHOLE, order: ByteOrder = "little", auth: Auth | None = None) -> bytes:
        """The whole PDU."""
        writer = NdrWriter(order)
        writer.u16(self.max_transmit)
        writer.u16(self.max_receive)
        writer.u32(self.group)
        writer.u8(len(self.contexts))
        writer.octets(bytes(3))
        for context in self.contexts:
            writer.u16(context.id)
            writer.u8(len(context.transfers))
            writer.u8(0)
            for syntax in (context.abstract, *context.transfers):
                write_syntax(writer, syntax)
        return encode_pdu(self.kind, call_id, bytes(writer), flags=flags, order=order, auth=auth)

    @classmethod
    def decode(cls, pdu: Pdu) -> "Bind":
        """From a bind or alter_context PDU.

        :raises WireError: it is another one, in fragments, ends too early, or has no context.
        """
        reader = _open(pdu, PduType.BIND, PduType.ALTER_CONTEXT)
        transmit, receive = reader.u16("max_xmit_frag"), reader.u16("max_recv_frag")
        group = reader.u32("assoc_group_id")
        count = reader.u8("number of contexts")
        if not count:
            raise reader.error("no presentation context")
        reader.octets(3, "reserved")
        contexts = tuple(_read_context(reader) for _ in range(count))
        return cls(contexts, transmit, receive, group, pdu.type)


@attrs.frozen
class Result:
    """A server's verdict on one context.

    :param reason: why it was rejected; for ``NEGOTIATE_ACK`` the mask of features that the server supports.
    """

    verdict: Verdict
    reason: int = 0
    transfer: Syntax = NO_SYNTAX

    @property
    def accepted(self) -> bool:
        return self.verdict is Verdict.ACCEPTANCE

    @property
    def text(self) -> str:
        """The reason in words ("abstract syntax not supported")."""
        return _REASONS.get(self.reason, f"reason {self.reason}")


@attrs.frozen
class BindAck:
    """A server's answer to a bind or alter_context; ``results`` are in the order of the contexts.

    :param secondary: the secondary address (a port or pipe name) without its NUL; may be empty.
    """

    results: tuple[Result, ...]
    secondary: str = ""
    max_transmit: int = FRAGMENT_SIZE
    max_receive: int = FRAGMENT_SIZE
    group: int = 0
    kind: PduType = PduType.BIND_ACK

    def encode(self, call_id: int, *, flags: int = WHOLE, order: ByteOrder = "little", auth: Auth | None = None) -> bytes:
        """The whole PDU."""
        writer = NdrWriter(order)
        writer.u16(self.max_transmit)
        writer.u16(self.max_receive)
        writer.u32(self.group)
        address = self.secondary.encode("latin-1") + b"\0" if self.secondary else b""
        writer.u16(len(address))
        writer.octets(address)
        writer.align(4)
        writer.u8(len(self.results))
        writer.octets(bytes(3))
        for result in self.results:
            writer.u16(result.verdict)
            writer.u16(result.reason)
            write_syntax(writer, result.transfer)
        return encode_pdu(self.kind, call_id, bytes(writer), flags=flags, order=order, auth=auth)

    @classmethod
    def decode(cls, pdu: Pdu) -> "BindAck":
        """From a bind_ack or alter_context_response PDU.

        :raises WireError: it is another one, in fragments, ends too early, or has an unknown result.
        """
        reader = _open(pdu, PduType.BIND_ACK, PduType.ALTER_CONTEXT_RESPONSE)
        transmit, receive = reader.u16("max_xmit_frag"), reader.u16("max_recv_frag")
        group = reader.u32("assoc_group_id")
        address = reader.octets(reader.u16("length of the secondary address"), "secondary address")
        reader.align(4)
        count = reader.u8("number of results")
        reader.octets(3, "reserved")
        results = tuple(_read_result(reader) for _ in range(count))
        return cls(results, address.rstrip(b"\0").decode("latin-1"), transmit, receive, group, pdu.type)


@attrs.frozen
class BindNak:
    """A server's refusal of a whole bind, with the protocol versions that it speaks, if it says them."""

    reason: int
    versions: tuple[tuple[int, int], ...] = ((5, 0),)

    @property
    def text(self) -> str:
        """The reason in words ("protocol version not supported")."""
        return _NAK_REASONS.get(self.reason, f"reason {self.reason}")

    def encode(self, call_id: int, *, order: ByteOrder = "little") -> bytes:
        """The whole PDU."""
        writer = NdrWriter(order)
        writer.u16(self.reason)
        writer.u8(len(self.versions))
        for version in self.versions:
            writer.octets(bytes(version))
        return encode_pdu(PduType.BIND_NAK, call_id, bytes(writer), order=order)

    @classmethod
    def decode(cls, pdu: Pdu) -> "BindNak":
        """From a bind_nak PDU; what may follow the versions (MS-RPCE 2.2.2.9, extended error information) is ignored.

        :raises WireError: it is another one, or ends too early.
        """
        reader = _open(pdu, PduType.BIND_NAK)
        reason = reader.u16("reason")
        count = reader.u8("number of versions") if reader.remaining else 0  # some servers end after the reason
        versions = tuple((reader.u8("major version"), reader.u8("minor version")) for _ in range(count))
        return cls(reason, versions)


def answer_bind(bind: Bind, offered: Iterable[Syntax], *, secondary: str, group: int, features: int = 0) -> BindAck:
    """What a server that speaks NDR and has the interfaces ``offered`` answers to ``bind``.

    :param secondary: for a bind the port in decimal; an alter_context is answered without (C706 12.6.4.2).
    :param features: the bind time features that the server has, as a mask.
    """
    interfaces = tuple(offered)
    results = tuple(_judge(context, interfaces, features) for context in bind.contexts)
    altered = bind.kind is PduType.ALTER_CONTEXT
    return BindAck(
        results,
        "" if altered else secondary,
        max_transmit=min(bind.max_receive, FRAGMENT_SIZE),
        max_receive=min(bind.max_transmit, FRAGMENT_SIZE),
        group=bind.group or group,
        kind=PduType.ALTER_CONTEXT_RESPONSE if altered else PduType.BIND_ACK,
    )


def _judge(context: Context, interfaces: tuple[Syntax, ...], features: int) -> Result:
    asked = context.transfers[0].features
    if asked is not None:
        return Result(Verdict.NEGOTIATE_ACK, asked & features)
    if not any(interface.serves(context.abstract) for interface in interfaces):
        return Result(Verdict.PROVIDER_REJECTION, 1)
    if NDR not in context.transfers:
        return Result(Verdict.PROVIDER_REJECTION, 2)
    return Result(Verdict.ACCEPTANCE, 0, NDR)


def _open(pdu: Pdu, *kinds: PduType) -> NdrReader:
    if pdu.type not in kinds:
        raise WireError(f"expected {kinds[0].name.lower()}, got {pdu.name}", "RPC association")
    if not (pdu.first and pdu.last):
        raise WireError("comes in fragments, which is not allowed", f"RPC {pdu.name}")
    return pdu.reader()


def _read_context(reader: NdrReader) -> Context:
    reader.align(4)
    identifier = reader.u16("context id")
    count = reader.u8("number of transfer syntaxes")
    if not count:
        raise reader.error(f"context {identifier} has no transfer syntax")
    reader.octets(1, "reserved")
    abstract = read_syntax(reader, "abstract syntax")
    return Context(identifier, abstract, tuple(read_syntax(reader, "transfer syntax") for _ in range(count)))


def _read_result(reader: NdrReader) -> Result:
    verdict = reader.u16("result")
    if verdict not in _VERDICTS:
        raise reader.error(f"result {verdict} does not exist")
    reason = reader.u16("reason")
    return Result(_VERDICTS[verdict], reason, read_syntax(reader, "transfer syntax"))
