"""What users of mail are known by: the same as those of mode ``http`` who say Basic, so that both may share a table."""

from collections.abc import Callable

import attrs

from exproxy.pool.key import HashedKeys
from exproxy.wire.users import canonical


@attrs.frozen
class UserWish:
    """:class:`exproxy.proxy.reaching.Wish`: a name never says a host."""

    key: bytes
    host: None = None


KeyOfUser = Callable[[bytes], bytes]
"""From a name, as the client said it."""


def key_of_name(keys: HashedKeys) -> KeyOfUser:
    """By the name, all spellings of it made one."""
    return lambda name: keys.key("user", canonical(name).encode("utf-8", "surrogatepass"))
