"""Names that are not there, and those that were probably meant."""

import difflib
from collections.abc import Iterable, Mapping
from typing import TypeVar

T = TypeVar("T")


class UnknownError(LookupError):
    """There is no such thing; ``nearest`` is the name that is most like the one that was asked for, or empty."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        near = difflib.get_close_matches(name.casefold(), folded := {word.casefold(): word for word in known}, n=1)
        self.nearest = folded[near[0]] if near else ""
        hint = f'; did you mean "{self.nearest}"?' if self.nearest else ""
        super().__init__(f'there is no {kind} "{name}"{hint}')


def known(kind: str, name: str, things: Mapping[str, T]) -> T:
    """The thing of that name.

    :raises UnknownError: there is none.
    """
    if name not in things:
        raise UnknownError(kind, name, things)
    return things[name]
