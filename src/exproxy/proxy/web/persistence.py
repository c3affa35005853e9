"""Which server a request belongs to by what it carries, and what its answer tells the client to carry from then on.

Nothing that a client says is kept: users, cookies and headers become keyed hashes here, before anybody else sees them.
"""

from collections.abc import Callable, Iterable

import attrs

from exproxy import pool
from exproxy.pool.key import HashedKeys
from exproxy.pool.seal import Seal
from exproxy.wire.web.basic import user_of
from exproxy.wire.web.cookies import Writing, brought, given, take_out
from exproxy.wire.web.head import RequestHead, ResponseHead
from exproxy.wire.web.legs import answers_challenge
from exproxy.wire.web.origin import Origin

KeyOf = Callable[[RequestHead], bytes | None]
KeysIn = Callable[[ResponseHead], Iterable[bytes]]

_PRIVATE = b"Cache-Control: private"


@attrs.frozen
class Inserted:
    """A cookie of ours: how it is written, and what makes its value."""

    writing: Writing
    seal: Seal


@attrs.frozen
class Sticky:
    """How a back end keeps clients.

    :param key_of: what a request is known by, if by anything.
    :param by_source: who is known by nothing goes by his address.
    :param keys_in: by what requests will be known because of this answer.
    :param cookie: comes before everything else.
    """

    pool: pool.Backend
    key_of: KeyOf
    by_source: bool
    keys_in: KeysIn | None = None
    cookie: Inserted | None = None

    def wish(self, head: RequestHead, origin: Origin, date: float) -> "Wish":
        """What a request says; our cookie is no longer in ``head`` then.

        :param date: seconds since the epoch.
        """
        key = self.key_of(head)
        if key is None and self.by_source:
            key = self.pool.key_for(origin.address)
        host, old, brought = None, True, "-"
        if self.cookie is not None:
            brought = "N"
            for value in take_out(head, self.cookie.writing.name):
                brought = "I"
                sealed = self.cookie.seal.open(value, date)
                if sealed is not None:
                    host, old, brought = sealed.host, sealed.old, "V"
                    break
        stays = answers_challenge(head.values.get(b"authorization", b""))
        return Wish(self, key, host, old, date, _encrypted(origin, head), brought, stays)


@attrs.frozen
class Wish:
    """Where one request wants to go.

    :param key: what it is known by.
    :param host: where its cookie says that it belongs.
    :param old: that cookie is to be written anew, if there is one.
    :param tls: whether its client speaks TLS.
    :param brought: of our cookie, as HAProxy writes it: ``N`` none, ``I`` not one of ours, ``V`` good; ``-``: there is no such.
    :param stays: it answers a challenge: that was made on the connection before, whatever its cookie says by now.
    """

    _sticky: Sticky
    key: bytes | None
    host: str | None
    _old: bool
    _date: float
    _tls: bool
    brought: str = "-"
    stays: bool = False

    def bound(self, now: float) -> str | None:
        """The host where it belongs, if anybody there can be asked."""
        return self._sticky.pool.bound(self.key, self.host, now)

    def letters(self, host: str | None, told: bool) -> str:
        """What became of our cookie, as HAProxy's ``httplog`` has it (8.5): what came, and what was said.

        ``D``: its server could not be had; ``I`` one was given, ``U`` another one was, ``N`` none was.

        :param host: where the answer is from, if there is one.
        """
        if self.brought == "-":
            return "--"
        moved = self.brought == "V" and host not in (None, self.host)
        said = ("U" if self.brought == "V" else "I") if told else "N"
        return ("D" if moved else self.brought) + said

    def answered(self, head: ResponseHead, host: str, now: float) -> list[bytes]:
        """Remember who has answered; returns the lines that tell the client.

        :param host: where the server is.
        """
        sticky = self._sticky
        if sticky.keys_in is not None and sticky.pool.group is not None:
            for key in sticky.keys_in(head):
                sticky.pool.group.learn(key, host, now)
        if sticky.cookie is None or (host == self.host and not self._old):
            return []
        line = sticky.cookie.writing.line(sticky.cookie.seal.seal(host, self._date), self._tls)
        return [line] if _nobody_elses(head) else [line, _PRIVATE]


def key_of_nothing(_head: RequestHead) -> None:
    """Of requests that are known by nothing."""


def key_of_user(keys: HashedKeys) -> KeyOf:
    """By the user of Basic.  What other schemes say changes from one leg to the next."""

    def key_of(head: RequestHead) -> bytes | None:
        said = head.values.get(b"authorization")
        user = None if said is None else user_of(said)
        return keys.key("user", user.encode("utf-8", "surrogatepass")) if user else None

    return key_of


def key_of_header(keys: HashedKeys, name: bytes) -> KeyOf:
    """By a header's value.

    :param name: in lower case.
    """

    def key_of(head: RequestHead) -> bytes | None:
        value = head.values.get(name)
        return keys.key("header", value) if value else None

    return key_of


def key_of_cookie(keys: HashedKeys, name: bytes) -> KeyOf:
    """By the value of the application's cookie; its first, if there are several."""

    def key_of(head: RequestHead) -> bytes | None:
        value = next(brought(head, name), None)
        return keys.key("cookie", value) if value else None

    return key_of


def keys_in_cookies(keys: HashedKeys, name: bytes) -> KeysIn:
    """The same cookie, as a server gives it."""

    def keys_in(head: ResponseHead) -> Iterable[bytes]:
        return (keys.key("cookie", value) for value in given(head, name))

    return keys_in


def _encrypted(origin: Origin, head: RequestHead) -> bool:
    """Whether the client itself speaks TLS: to us, or to a trusted proxy before us."""
    return origin.tls or (origin.trusted and head.values.get(b"x-forwarded-proto", b"").lower() == b"https")


def _nobody_elses(head: ResponseHead) -> bool:
    """Whether no cache gives the answer, and the cookie with it, to other clients (RFC 9111 5.2.2)."""
    said = head.values.get(b"cache-control", b"").lower()
    return b"no-store" in said or b"private" in said
