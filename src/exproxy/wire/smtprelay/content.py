"""Where the content of DATA ends: at CRLF.CRLF and nowhere else (RFC 5321 4.1.1.4, 2.3.8).

Nothing in it is counted, split, added or taken away.  Forms that some servers take for an end as well, LF.LF, LF.CRLF, CR.CR
and so on (CVE-2023-51764, -51765, -51766), are content; whether the server thinks so shows in that it answers too early.
"""

import attrs

_END = b"\r\n.\r\n"
_KEPT = len(_END) - 1


@attrs.define
class Content:
    """Looks for the end; keeps four octets of what has passed, so that the end may be cut anywhere."""

    _tail: bytes = attrs.field(default=b"\r\n", init=False)
    """The DATA line's CRLF counts: a mail may be a dot alone (RFC 5321 4.1.1.4)."""

    def end(self, data: bytes) -> int:
        """How much of ``data`` is content with its end; -1 when it all is and the end has not come."""
        tail = self._tail
        across = (tail + data[:_KEPT]).find(_END)
        if across >= 0:
            return across + len(_END) - len(tail)
        dot = data.find(b".")  # at memchr's speed: attachments are base64, which has none
        within = data.find(_END, max(dot - 2, 0)) if dot >= 0 else -1
        if within >= 0:
            return within + len(_END)
        self._tail = data[-_KEPT:] if len(data) >= _KEPT else (tail + data)[-_KEPT:]
        return -1
