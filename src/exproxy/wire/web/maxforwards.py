"""``Max-Forwards``: how many proxies may still pass a request of OPTIONS or TRACE on (RFC 9110 7.6.2).

With TRACE it tells loops and hops apart; for other methods it says nothing.
"""

import re

from exproxy.wire.web.head import RequestHead

_COUNTED = ("OPTIONS", "TRACE")
_NUMBER = re.compile(rb"[0-9]{1,9}")


def pass_on(head: RequestHead) -> bool:
    """Count ourselves; ``False``: this request ends here."""
    if head.method not in _COUNTED:
        return True
    left = head.get(b"max-forwards")
    if left is None or not _NUMBER.fullmatch(left):
        return True
    if int(left) == 0:
        return False
    head.rewrite(b"max-forwards", b"%d" % (int(left) - 1))
    return True
