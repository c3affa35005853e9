"""What is wrong with a message, and the status that the client is told for it."""

import attrs

from exproxy.wire.errors import WireError


@attrs.define(eq=False)
class HttpError(WireError):
    """A message that is not passed on.  Its connection is closed: where the next message begins is not known any more.

    :param status: for the client: 400, 414, 417, 431, 501 or 505 for a request, 502 for a response.
    """

    status: int
