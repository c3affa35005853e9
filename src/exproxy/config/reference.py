"""Texts that stand elsewhere: a file says ``"${NAME}"`` or ``{ file = "…" }``, which is how secrets are given.

``exproxy config show`` ends up in mails and tickets, so it says the same words again instead of what they stand for.
"""

from collections.abc import Mapping


class Referred(str):
    """What a reference stands for; it is a string like any other, and equal to one.

    :ivar written: how the file says it: the string with its ``${NAME}``, or the table ``{ file = "…" }``.
    """

    __slots__ = ("written",)
    written: str | Mapping[str, str]


def referred(text: str, written: str | Mapping[str, str]) -> Referred:
    """``text``, which remembers how it is written; no second argument of the class, so that it can be pickled for the workers."""
    result = Referred(text)
    result.written = written
    return result
