"""The one error that every parser in :mod:`exproxy.wire` raises for bad input."""

import attrs


@attrs.define(eq=False)
class WireError(Exception):
    """Bytes that break the protocol.

    :param what: what is wrong, as a sentence part that an administrator understands ("reply code is not a number").
    :param where: the place: a field's name, a structure or an offset ("SMTP reply, line 3").
    """

    what: str
    where: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"
