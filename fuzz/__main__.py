"""``python -m fuzz TARGET RUNS``: status 0 after as many inputs; another, and the input in a file, if one breaks a property."""

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["exproxy"]):
    from fuzz.seeds import SEEDS
    from fuzz.targets import TARGETS

FOLDER = Path("_fuzz_temp")
LONGEST = 8192
"""Bytes of an input: more than a fragment from a server may have."""


def main() -> None:
    name, runs = sys.argv[1:]
    corpus = FOLDER / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(SEEDS[name]()):
        (corpus / f"seed-{number}").write_bytes(seed)
    options = [
        f"-runs={int(runs)}",
        f"-max_len={LONGEST}",
        f"-artifact_prefix={FOLDER}/{name}-",
        "-timeout=10",
        "-rss_limit_mb=1024",
    ]
    atheris.Setup([sys.argv[0], *options, str(corpus)], TARGETS[name])
    atheris.Fuzz()


main()
