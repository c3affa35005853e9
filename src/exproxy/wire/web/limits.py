"""How large a head may be."""

import attrs

LONGEST_METHOD = 32
"""Octets; the longest in use, ``BASELINE-CONTROL`` and ``UPDATEREDIRECTREF``, have 17."""


@attrs.frozen
class Limits:
    """For one head.  HTTP.SYS takes 16,384 octets unless told otherwise; sites with large Kerberos tickets raise that to 65,534.

    :param head: octets with all line ends.
    :param fields: header lines.
    :param target: octets of a request's target, query and all.
    """

    head: int = 65_536
    fields: int = 128
    target: int = 16_384

    line: int = attrs.field(init=False)
    """Octets of a first line with its end: nothing longer can be a good one."""

    @line.default
    def _longest_line(self) -> int:
        return min(self.head, self.target + LONGEST_METHOD + len("  HTTP/1.1\r\n"))
