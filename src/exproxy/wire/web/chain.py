"""Who a request comes from, when a proxy that is believed has passed it on: ``X-Forwarded-For``, read from its end.

Each proxy appends the address that it was reached from.  So the last one is told by the proxy that we know; the one before it is
believed only if the last one is a proxy that is believed too, and so on.  What a client has written there itself stands before,
and is never reached.
"""

from collections.abc import Callable
from ipaddress import ip_address


def client_of(chain: bytes, believed: Callable[[str], bool]) -> str | None:
    """The first address from the end that is no believed proxy's; the first of all, where all of them are.

    :param chain: the header's value, of all its lines.
    :param believed: whether an address is a proxy's whose word is taken.
    :returns: an address without port and brackets; ``None`` if there is none, or what stands where it should be is no address.
    """
    found = None
    for part in reversed(chain.split(b",")):
        host = _host(part.strip(b" \t"))
        if host is None:
            return found
        found = host
        if not believed(host):
            return host
    return found


def _host(text: bytes) -> str | None:
    """Without the port that some proxies (IIS's ARR, Azure) write behind it."""
    said = text.decode("latin-1").strip('"')
    if said.startswith("["):
        said = said[1:].partition("]")[0]
    elif said.count(":") == 1:
        said = said.partition(":")[0]
    try:
        return str(ip_address(said))
    except ValueError:
        return None
