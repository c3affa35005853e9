"""States in a word and a tone; what is to be seen never hangs on the tone's colour alone."""

from typing import Literal

from attrs import frozen

from exproxy.admin.views import BackendView, CheckView, FrontendView, HostView, ServerView
from exproxy.pool import Admin, Operational

Tone = Literal["good", "warn", "bad", "hand", "idle"]
"""``hand``: somebody wanted it so."""

SOON = 30
"""Days that a certificate is left from which on it is worth a look; from :data:`NOW` on it is urgent."""
NOW = 7

FOUND: dict[Operational, Tone] = {
    Operational.UP: "good",
    Operational.STARTING: "idle",
    Operational.STOPPING: "warn",
    Operational.DOWN: "bad",
}


@frozen
class Sign:
    """:param word: for a glance."""

    word: str
    tone: Tone


def server(view: ServerView) -> Sign:
    """Both axes, where both have something to say."""
    found = view.operational
    if view.admin is not Admin.READY:
        word = view.admin.value if found is Operational.UP else f"{view.admin.value}, {found.value}"
        return Sign(word, "hand")
    if found is not Operational.UP:
        return Sign(found.value, FOUND[found])
    if not view.weight:
        return Sign("up, weight 0", "hand")
    return Sign("up", "good") if view.usable else Sign("up, not usable", "warn")


def host(view: HostView) -> Sign:
    """What people set."""
    return Sign(view.admin.value, "idle" if view.admin is Admin.READY else "hand")


def frontend(view: FrontendView) -> Sign:
    """Whether anybody is served."""
    return Sign("ready", "good") if view.ready else Sign("no server", "bad")


def backend(view: BackendView) -> Sign:
    """How many of its servers take new clients."""
    word = f"{view.usable} of {len(view.servers)} usable"
    if not view.usable:
        return Sign(word, "bad")
    return Sign(word, "good" if view.usable == len(view.servers) else "warn")


def check(view: CheckView) -> Sign:
    """By its verdict, but for one that is only watched, which takes nobody out."""
    if view.required:
        return Sign(view.verdict.value, FOUND[view.verdict])
    return Sign(f"{view.verdict.value}, only watched", "good" if view.verdict is Operational.UP else "warn")


def days(left: int | None) -> Sign:
    """Of a certificate; nothing to say without one."""
    if left is None:
        return Sign("", "idle")
    if left < 0:
        return Sign("expired", "bad")
    return Sign(f"{left} d", "bad" if left < NOW else "warn" if left < SOON else "idle")
