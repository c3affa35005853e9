"""HAProxy's agent-check answer."""

from typing import Literal

import attrs


@attrs.frozen
class AgentAnswer:
    """What an agent said; what it did not mention is None and stays as it is.

    :param operational: what the agent finds: the server is up or down.
    :param administrative: what the agent asks for.
    :param weight_percent: percent of the configured weight.
    :param maxconn: the server's new limit.
    :param reason: what stood behind ``#``, printable.
    :param unknown: words that mean nothing here, printable.
    """

    operational: Literal["up", "down"] | None = None
    administrative: Literal["ready", "drain", "maint"] | None = None
    weight_percent: int | None = None
    maxconn: int | None = None
    reason: str = ""
    unknown: tuple[str, ...] = ()
