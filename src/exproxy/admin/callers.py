"""Who is there, and what they may do."""

from typing import Literal

from attrs import frozen

Role = Literal["viewer", "operator"]


@frozen
class Caller:
    """:param name: for the log.

    :param anonymous: nobody has said who it is; looking is allowed where nobody has to.
    """

    name: str
    role: Role
    anonymous: bool = False
