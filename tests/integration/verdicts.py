"""``python -m tests.integration.verdicts``: what nginx and HAProxy make of the table by themselves, in ``tests/smuggling``."""

from pathlib import Path

from tests.integration.peers import witness
from tests.integration.peers.ports import free_port
from tests.integration.test_smuggling import BEHIND, LAST, MOMENT, statuses
from tests.smuggling.questions import CANARY, QUESTIONS, Question

FILE = Path(__file__).resolve().parents[1] / "smuggling" / "verdicts.tsv"
_SERVED = b"seen GET " + CANARY


def verdict(answers: bytes) -> str:
    """The statuses of all answers; ``smuggled`` where one is to the canary."""
    found = [str(status) for status in statuses(answers)]
    return " ".join(found + ["smuggled"] * (_SERVED in answers)) or "-"


def ours(question: Question) -> str:
    """How many requests go on, and what else is said."""
    said = [f"{len(question.reach)} on"] if question.reach else []
    return ", ".join(said + [str(question.status)] * bool(question.status))


def main() -> None:
    nginx = witness.NginxWitness("nginx", BEHIND, free_port(BEHIND))
    haproxy = witness.HAProxyWitness("haproxy", BEHIND, free_port(BEHIND), f"{BEHIND}:{nginx.port}")
    try:
        nginx.start()
        haproxy.start()
        rows = ["case\texproxy\tnginx\tHAProxy"]
        for name, question in QUESTIONS.items():
            said = (verdict(server.told(question.said + LAST, MOMENT)) for server in (nginx, haproxy))
            rows.append("\t".join([name.encode("unicode_escape").decode(), ours(question), *said]))
    finally:
        haproxy.close()
        nginx.close()
    FILE.write_text("\n".join(rows) + "\n")


if __name__ == "__main__":
    main()
