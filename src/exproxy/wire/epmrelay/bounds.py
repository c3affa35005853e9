"""How much one session may hold: 64 KB in all, and a number of everything that is only counted."""

from exproxy.wire.errors import WireError

CLIENT_FRAGMENT = 12_288
"""Bytes of the longest fragment from a client: a bind with a Kerberos ticket fits. Calls are held to less by what is agreed."""
SERVER_FRAGMENT = 8_192
"""The longest from a server."""
ANSWERS = 24_576
"""Bytes of stub of all answers that are not complete; also the most that an answer may have when it is written again."""
INCOMPLETE = 4
"""Answers that may be incomplete at once."""
TRAILER = 256
"""Bytes of an authentication trailer on an answer that is written again; the ones that protect nothing have 16 at most."""
CONTEXTS = 128
"""Presentation contexts of one connection; Windows uses three, and one more for each further interface."""
OFFERS = 4
"""Binds and alter_contexts without their answer; clients wait for each."""
CALLS = 64
"""Calls without their answer."""
ENTRIES = 76
"""What ``ept_lookup`` may ask for at once, so that an answer is within :data:`ANSWERS`: 320 bytes each; 180 are usual."""
READ = 8_192
"""Bytes of one read in either direction: as much may wait for a peer that reads nothing."""
QUESTION = 512
"""Bytes of an ``ept_lookup`` that is held to ask the server on; one a connection."""
GATHERED = 2_400
"""Bytes of entries that wait while the server is asked for more; the six of Exchange have half of that."""
ROUNDS = 100
"""How often a server is asked in one client's place: a table of 1,000 entries, ten at once."""


class BoundError(WireError):
    """The peer breaks no rule, but wants more than is good for us: to be answered as a lack of resources."""
