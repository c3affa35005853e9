"""What a server's agent answered (HAProxy's agent-check), already parsed."""

import attrs

from exproxy.pool.states import Admin


def _percent(_: object, __: object, value: int | None) -> None:
    if value is not None and not 0 <= value <= 100:
        raise ValueError(f"an agent's weight is 0 to 100 percent, not {value}")


@attrs.frozen
class AgentAnswer:
    """One answer; ``None`` is what it did not speak about, which stays as it was.

    :param weight: percent of the configured weight.
    :param maxconn: sessions at most, in place of the configured limit.
    :param up: ``False`` for ``down``, ``stopped`` and ``fail``.
    :param admin: ``ready``, ``drain`` or ``maint``; kept apart from what people set, the stricter holds.
    :param text: what it said, for people.
    """

    weight: int | None = attrs.field(default=None, validator=_percent)
    maxconn: int | None = attrs.field(default=None, validator=attrs.validators.optional(attrs.validators.ge(1)))
    up: bool | None = None
    admin: Admin | None = None
    text: str = ""
