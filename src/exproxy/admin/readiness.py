"""For keepalived, Kubernetes, or another balancer: does it live, and is it of use?"""

from exproxy.admin.answers import Answer, text
from exproxy.admin.views import Snapshot


def health() -> Answer:
    """The process answers, so it lives."""
    return text("the process lives\n")


def readiness(snapshot: Snapshot) -> Answer:
    """503 with the reasons, a line each, while clients had better go elsewhere."""
    reasons = []
    if snapshot.process.draining:
        reasons.append("the process ends: it lets nobody in any more")
    if snapshot.process.workers and not any(worker.serving for worker in snapshot.process.workers):
        reasons.append("no worker serves")
    backends = {backend.name: backend for backend in snapshot.backends}
    for frontend in snapshot.frontends:
        if not frontend.ready:
            behind = ", ".join(
                f"{backends[name].usable} of {len(backends[name].servers)} of {name}" for name in frontend.backends
            )
            reasons.append(f"front end {frontend.name} has no usable server: {behind}")
    return text("".join(f"{reason}\n" for reason in reasons), 503) if reasons else text("ready\n")
