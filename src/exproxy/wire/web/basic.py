"""Whose credentials a request carries, where that can be told: ``Authorization: Basic`` (RFC 7617)."""

from base64 import b64decode
from binascii import Error

from exproxy.wire.users import canonical

_SCHEME = b"basic"


def user_of(authorization: bytes) -> str | None:
    r"""The user of Basic credentials, all spellings of it made one; ``None`` where this is another scheme, or none of its name.

    ``CONTOSO\Anna``, ``anna@contoso.com`` and ``ANNA`` are ``anna``: a guesser is not to have as many tries again
    with each.  Basic without anything that could be a name is of the user with no name.

    :param authorization: the header's value.
    """
    words = authorization.split(None, 1)
    if not words or words[0].lower() != _SCHEME:
        return None
    try:
        name = b64decode(b"".join(words[1:]) + b"==").partition(b":")[0]  # padding that is too much is no matter, too little is
    except Error:
        return ""
    return canonical(name)
