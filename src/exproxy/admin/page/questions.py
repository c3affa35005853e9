"""What is asked before anything is done, with what would follow from it as things stand."""

from collections.abc import Iterable, Sequence

from attrs import frozen

from exproxy.admin.page.elements import path
from exproxy.admin.page.words import listed, several
from exproxy.admin.views import HostView, ServerView, Snapshot, TableView
from exproxy.pool import Admin

STATES = {
    "drain": Admin.DRAIN,
    "maint": Admin.MAINT,
    "ready": Admin.READY,
}
LABELS = {"drain": "Drain", "maint": "Maintenance", "ready": "Ready", "weight": "Weight", "end-sessions": "End sessions"}
"""Of what can be done to a server; a host has the first three."""

_FOLLOWS = {
    Admin.DRAIN: "New clients go to other servers, but for those whose table entry names it. Live sessions stay until they end.",
    Admin.MAINT: "Nobody new goes there, whatever tables say.",
    Admin.READY: "New clients go there as soon as its checks find it well.",
}


@frozen
class Question:
    """:param address: where yes is said, by POST; ``back``: where one goes then, or after no.

    :param follows: sentences about what would follow.
    :param warning: one that had better be read; empty: there is none.
    :param yes: what the button says.
    :param weight: the one that stands in the field for it; ``None``: there is no such field.
    """

    title: str
    address: str
    back: str
    follows: Sequence[str]
    warning: str
    yes: str
    weight: str | None = None


def of_host(snapshot: Snapshot, host: HostView, order: str) -> Question:
    """:param order: a name of :data:`STATES`."""
    state = STATES[order]
    ours = set(host.servers)
    where = several(len(host.servers), "back end", "back ends")
    return Question(
        title=f"{LABELS[order]}: host {host.name}",
        address=path("hosts", host.name, order),
        back="/",
        follows=[f"In all its {where} at once.", _FOLLOWS[state], *_live(state, host.sessions)],
        warning=_last(snapshot, ours) if state is not Admin.READY else "",
        yes=f"Set {host.name} to {state.value}",
    )


def of_server(snapshot: Snapshot, view: ServerView, order: str) -> Question:
    """:param order: a name of :data:`LABELS`."""
    full = f"{view.backend}/{view.name}"
    address, back = path("servers", view.backend, view.name, order), path("servers", view.backend, view.name)
    title = f"{LABELS[order]}: server {full}"
    if order == "weight":
        follows = ["0 to 256; with 0 only clients come whose table entry names it."]
        return Question(title, address, back, follows, "", "Set the weight", str(view.weight))
    if order == "end-sessions":
        many = several(view.sessions, "session is", "sessions are")
        follows = [f"{many} ended at once. Clients come back, and get a server that takes new ones."]
        usable = "It takes new clients, so they may well come back to it: drain it first." if view.usable else ""
        return Question(title, address, back, follows, usable, f"End the sessions of {full}")
    state = STATES[order]
    follows = [_FOLLOWS[state], *_live(state, view.sessions)]
    if view.host_admin is not Admin.READY:
        follows.append(f"Its host {view.host} is set to {view.host_admin.value}: the stricter of the two holds.")
    warning = _last(snapshot, {full}) if state is not Admin.READY else ""
    return Question(title, address, back, follows, warning, f"Set {full} to {state.value}")


def of_table(view: TableView) -> Question:
    """Clear it."""
    follows = [
        f"{several(view.entries, 'client forgets', 'clients forget')} which server was theirs, and the next choice is a new one."
    ]
    warning = "Its choices are with the clients, in cookies: clearing moves nobody." if view.kind == "cookie" else ""
    return Question(
        f"Clear table {view.name}",
        path("tables", view.name, "clear"),
        path("tables", view.name),
        follows,
        warning,
        f"Clear {view.name}",
    )


def _live(state: Admin, sessions: int) -> Iterable[str]:
    if state is Admin.MAINT and sessions:
        live = several(sessions, "live session stays", "live sessions stay")
        yield f'{live}, but where on_marked_down = "shutdown-sessions" ends them.'
    elif state is Admin.DRAIN:
        yield f"It has {several(sessions, 'session', 'sessions')} now."


def _last(snapshot: Snapshot, ours: set[str]) -> str:
    """Back ends that would be left without anybody."""
    left = [backend for backend in snapshot.backends if backend.usable]
    lost = [
        backend.name
        for backend in left
        if all(f"{server.backend}/{server.name}" in ours for server in backend.servers if server.usable)
    ]
    return f"No other server of {listed(lost)} takes new clients: theirs would be refused." if lost else ""
