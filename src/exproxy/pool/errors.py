"""Why a session gets no server."""


class NoServer(Exception):  # noqa: N818 - HAProxy's word for this end of a session, and not an error of ours
    """No server takes the session, and none is about to.

    The text says for people which servers there are and what is wrong with each.
    """


class QueueFull(NoServer):
    """Every server is full, and as many sessions wait as may wait."""
