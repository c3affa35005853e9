"""What one connection to the runtime socket has said of itself."""

import enum

from attrs import define


class Level(enum.IntEnum):
    """What it may do; it can give up some of that, and not get it back."""

    USER = 1
    """Look at numbers."""
    OPERATOR = 2
    """See clients too."""
    ADMIN = 3


IDLE = 10.0
"""Seconds without a word, as HAProxy's ``stats timeout`` has them."""
LONGEST = 3600.0
"""The same for who asks for more (``set timeout cli``)."""


@define
class Conversation:
    """:param by: who it is, for the audit.

    :param prompting: it goes on after the first line, and is shown where it can write (``prompt``).
    :param over: it wants to end.
    """

    by: str
    level: Level = Level.ADMIN
    prompting: bool = False
    over: bool = False
    idle: float = IDLE
