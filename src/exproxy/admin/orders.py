"""What the body of an order says."""

import json
from typing import Any

from exproxy import pool
from exproxy.admin.answers import JSON, Asked, RefusedError
from exproxy.admin.entries import read_key
from exproxy.pool.server import MAX_WEIGHT


def read(asked: Asked, keys: tuple[str, ...], optional: tuple[str, ...] = ()) -> dict[str, Any]:
    """The body as a table that has these keys, perhaps the optional ones, and no others.

    JSON only, and said to be: what a page of another site can have a browser send without asking it (a form) is none.

    :raises RefusedError: 415, 400 for what is no JSON, 422 for what is another table.
    """
    if asked.kind != JSON:
        raise RefusedError(415, f"an order is JSON: send Content-Type: {JSON}")
    try:
        said = json.loads(asked.body)
        # half of a UTF-16 pair is JSON and no text: nobody behind this could write it
        json.dumps(said, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise RefusedError(400, "the body is not JSON that makes sense: there is half of a character in it") from error
    except (ValueError, RecursionError) as error:
        raise RefusedError(400, f"the body is not JSON: {error}") from error
    example = json.dumps(dict.fromkeys(keys, "…"), ensure_ascii=False)
    if not isinstance(said, dict):
        raise RefusedError(422, f"a table is expected: {example}")
    wrong = [key for key in said if key not in keys + optional] + [key for key in keys if key not in said]
    if wrong:
        raise RefusedError(
            422, f'the body is to be {example}; "{wrong[0][:50]}" is {"missing" if wrong[0] in keys else "not known"}'
        )
    return said


def state(asked: Asked) -> pool.Admin:
    """:raises RefusedError: it is none."""
    said = read(asked, ("state",))["state"]
    words = [admin.value for admin in pool.Admin]
    if said not in words:
        raise RefusedError(422, f"state is one of {', '.join(words)}")
    return pool.Admin(said)


def key(asked: Asked, table: pool.Table) -> bytes | None:
    """Which of the table's; ``None``: all.

    :raises RefusedError: it is none.
    """
    said = read(asked, (), ("key",)).get("key")
    if said is None:
        return None
    if not isinstance(said, str):
        raise RefusedError(422, "key is a text: an address, or the hash that the table shows")
    return read_key(table, said)


def weight(asked: Asked) -> int:
    """:raises RefusedError: it is none."""
    said = read(asked, ("weight",))["weight"]
    if not isinstance(said, int) or isinstance(said, bool) or not 0 <= said <= MAX_WEIGHT:
        raise RefusedError(422, f"weight is a whole number from 0 to {MAX_WEIGHT}")
    return said
