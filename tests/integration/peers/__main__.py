"""Say which real peers are missing on this machine, before the tests run."""

import sys

from tests.integration.peers.needs import demanded, missing

absent = missing()
if absent:
    verdict = "their tests will fail" if demanded() else "their tests will be skipped"
    sys.stdout.write(f"Real peers that are missing here ({verdict}):\n")
    sys.stdout.writelines(f"  {need.name}: {need.source}\n" for need in absent)
else:
    sys.stdout.write("All real peers are here: no test will be skipped for want of one.\n")
