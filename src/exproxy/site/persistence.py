"""Persistence of a configuration: how each back end keeps its clients."""

import os

from exproxy import pool
from exproxy.config import model
from exproxy.pool.key import HashedKeys
from exproxy.pool.seal import Seal
from exproxy.proxy.mail.users import KeyOfUser, key_of_name
from exproxy.proxy.sessionids import SessionIds
from exproxy.proxy.web.persistence import (
    Inserted,
    KeyOf,
    KeysIn,
    Sticky,
    key_of_cookie,
    key_of_header,
    key_of_nothing,
    key_of_user,
    keys_in_cookies,
)
from exproxy.wire.web.cookies import Writing


def make_secret() -> bytes:
    """One for the life of the process, for all its workers."""
    return os.urandom(32)


class Stickiness:
    """:param secret: of the process."""

    def __init__(self, configuration: model.Configuration, secret: bytes) -> None:
        self._tables = configuration.tables
        self._secret = secret
        self._keys = HashedKeys(secret)
        self._hosts = {server.host for backend in configuration.backends.values() for server in backend.servers}

    def sticky(self, backend: model.Backend, servers: pool.Backend) -> Sticky | None:
        """How requests are kept on servers; ``None``: by nothing that is in them."""
        table = self._table(backend)
        if table is None or table.kind in ("source", "tls-session-id"):
            return None
        # A cookie alone falls back to the balancer, which may want to know the address.
        by_source = servers.needs_key if table.kind == "cookie" else table.kind != "app-cookie"
        return Sticky(servers, self._key_of(table), by_source, self._keys_in(table), self._inserted(table))

    def session_ids(self, backend: model.Backend, servers: pool.Backend) -> SessionIds | None:
        """How sessions of TLS are kept on servers; ``None``: by nothing that is in them."""
        table = self._table(backend)
        return SessionIds(servers, self._keys) if table is not None and table.kind == "tls-session-id" else None

    def user_key(self, backend: model.Backend) -> KeyOfUser | None:
        """How users of mail are kept on servers; ``None``: by nothing that they say."""
        table = self._table(backend)
        return key_of_name(self._keys_of(table)) if table is not None and table.kind == "user" else None

    def _table(self, backend: model.Backend) -> model.Table | None:
        return None if backend.persistence is None else self._tables[backend.persistence.table]

    def _key_of(self, table: model.Table) -> KeyOf:
        if table.header is not None:
            return key_of_header(self._keys, table.header.lower().encode("ascii"))
        if table.app_cookie is not None:
            return key_of_cookie(self._keys, table.app_cookie.encode("ascii"))
        return key_of_nothing if table.kind == "cookie" else key_of_user(self._keys_of(table))

    def _keys_of(self, table: model.Table) -> HashedKeys:
        """Those of users."""
        return self._keys if table.secret is None else HashedKeys(table.secret.encode())

    def _keys_in(self, table: model.Table) -> KeysIn | None:
        return None if table.app_cookie is None else keys_in_cookies(self._keys, table.app_cookie.encode("ascii"))

    def _inserted(self, table: model.Table) -> Inserted | None:
        cookie = table.cookie
        if cookie is None:
            return None
        secure = None if cookie.secure == "auto" else cookie.secure
        name = cookie.name.encode("ascii")
        writing = Writing(name, cookie.path, cookie.domain, secure, cookie.http_only, cookie.same_site)
        secret = self._secret if cookie.secret is None else cookie.secret.encode()
        return Inserted(writing, Seal(secret, table.name, self._hosts, cookie.expire))
