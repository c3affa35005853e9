"""The ways in which a simulated service behaves."""

import enum


class Mode(enum.Enum):
    """What a service does to the clients that come from now on."""

    WELL = "well"
    MAINTENANCE = "maintenance"
    """As Exchange in maintenance: SMTP ``421 4.3.2``, ``healthcheck.htm`` 503; the other protocols refuse by their own means."""
    ERROR = "error"
    """The protocol is spoken, the answer is no: HTTP 500, SMTP 554, ``-ERR``, ``* BYE``, ``bind_nak``."""
    GARBAGE = "garbage"
    """Bytes that belong to no protocol (inside TLS, where there is TLS)."""
    SILENT = "silent"
    """Connections are accepted and never answered."""
    REFUSE = "refuse"
    """The ports are closed and the sessions cut."""
    SLOW = "slow"
    """The right answers, a byte at a time."""


class ModeError(ValueError):
    """There is no such mode, or it makes no sense for this service; the text says which ones do."""


def mode_named(word: str) -> Mode:
    """The mode that a person typed.

    :raises ModeError: no mode has this name.
    """
    try:
        return Mode(word.lower())
    except ValueError:
        known = ", ".join(mode.value for mode in Mode)
        raise ModeError(f"no mode is called {word!r}; there are {known}") from None
