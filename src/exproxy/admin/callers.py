"""Who is there, and what they may do."""

from typing import Literal

from attrs import field, frozen

Role = Literal["viewer", "operator"]


@frozen
class Caller:
    """:param name: for the log.

    :param anonymous: nobody has said who it is; looking is allowed where nobody has to.
    :param token: of who logged in with a browser, whose cookie comes along whoever has it sent: what is to change anything has to
        bring this too (:mod:`exproxy.admin.intent`).  Empty: nobody has to.
    """

    name: str
    role: Role
    anonymous: bool = False
    token: str = field(default="", repr=False)
