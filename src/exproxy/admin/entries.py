"""Keys of tables as people write them."""

from ipaddress import ip_address

from exproxy import pool
from exproxy.admin.answers import RefusedError
from exproxy.net.certificate import is_address


def shown_key(key: bytes) -> str:
    """Addresses have 4 or 16 octets, and what is hashed another number (:mod:`exproxy.pool.key`)."""
    return str(ip_address(key)) if len(key) in (4, 16) else key.hex()


def read_key(table: pool.Table, said: str) -> bytes:
    """What ``table`` would have for an address, its network there, or for the hash that it has shown.

    :raises RefusedError: it is neither.
    """
    if is_address(said):
        return table.key_for(said)
    try:
        return bytes.fromhex(said)
    except ValueError as error:
        words = f'a key is an address, or the hash that the table shows; "{said[:100]}" is neither'
        raise RefusedError(422, words) from error
