"""Logging in and out: as a page, which needs no JavaScript, and in the API.

A handler elsewhere learns from its :class:`~exproxy.admin.callers.Caller` who asks; a page puts ``caller.token`` into each form
as the field ``csrf``, or into ``X-CSRF-Token``.  To log out is a form, too: ``POST /logout``.
"""

from collections.abc import Callable, Mapping
from urllib.parse import quote

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from exproxy.admin import cookies, orders, plainpages
from exproxy.admin.answers import HTML, Answer, Asked, RefusedError, told
from exproxy.admin.api import API
from exproxy.admin.callers import Caller
from exproxy.admin.forms import fields
from exproxy.admin.logins import LoginError, Logins
from exproxy.admin.routes import Route

LOGIN, LOGOUT = "/login", "/logout"
_HOME = "/"
_LONGEST = 1000
"""Characters of an address that one is led to."""

Names = Mapping[str, str]


class Entrance:
    """:param logins: who may come in."""

    def __init__(self, logins: Logins) -> None:
        self._logins = logins

    def routes(self) -> tuple[Route, ...]:
        """All there are."""
        return (*self.pages(), *self.api())

    def pages(self) -> tuple[Route, ...]:
        """For browsers."""
        return (
            Route("GET", LOGIN, "nothing", self._form, frozenset({200, 303})),
            Route("POST", LOGIN, "nothing", self._log_in, frozenset({303, 400, 401, 403, 413, 415, 422, 429})),
            Route("POST", LOGOUT, "viewer", self._log_out, frozenset({303, 403, 413, 415})),
            Route("GET", plainpages.STYLE, "nothing", self._style, frozenset({200})),
        )

    def api(self) -> tuple[Route, ...]:
        """For programs that want a session, and for the page's own."""
        entered = frozenset({200, 400, 401, 403, 413, 415, 422, 429})
        return (
            Route("GET", API + "/whoami", "viewer", self._tell, frozenset({200})),
            Route("POST", API + "/login", "nothing", self._enter, entered),
            Route("POST", API + "/logout", "viewer", self._leave, frozenset({200, 400, 403, 413, 415, 422})),
        )

    # ---- pages

    def _form(self, asked: Asked, names: Names, caller: Caller) -> Answer:
        then = _then(asked.query.get("next", ""))
        if not self._logins.needed or self._logins.known(asked) is not None:
            return Answer(303, b"", HTML, (("Location", then),))
        return Answer(200, plainpages.login(then), HTML)

    def _style(self, asked: Asked, names: Names, caller: Caller) -> Answer:
        return plainpages.style()

    def _log_in(self, asked: Asked, names: Names, caller: Caller) -> "Deferred[Answer]":
        said = fields(asked)
        then, user = _then(said.get("next", "")), said.get("user", "")
        entered = self._logins.enter(user, said.get("password", ""), asked.address, asked.mark)
        return entered.addCallbacks(
            lambda entry: Answer(303, b"", HTML, (("Location", then), *self._cookies(asked, *entry))), _again(asked, then, user)
        )

    def _log_out(self, asked: Asked, names: Names, caller: Caller) -> Answer:
        self._logins.leave(asked.session, caller)
        return Answer(303, b"", HTML, (("Location", LOGIN), _no_cookie(asked)))

    # ---- the API

    def _tell(self, asked: Asked, names: Names, caller: Caller) -> Answer:
        return told(_seen(caller))

    def _enter(self, asked: Asked, names: Names, caller: Caller) -> "Deferred[Answer]":
        said = orders.read(asked, ("user", "password"))
        user, password = said["user"], said["password"]
        if not isinstance(user, str) or not isinstance(password, str):
            raise RefusedError(422, "user and password are strings")
        entered = self._logins.enter(user, password, asked.address, asked.mark)
        return entered.addCallback(lambda entry: _with(told(_seen(entry[1])), *self._cookies(asked, *entry)))

    def _leave(self, asked: Asked, names: Names, caller: Caller) -> Answer:
        orders.read(asked, ())
        self._logins.leave(asked.session, caller)
        return _with(told({"logged_out": bool(caller.token)}), _no_cookie(asked))

    def _cookies(self, asked: Asked, session: str, caller: Caller) -> tuple[tuple[str, str], ...]:
        name, known = (of(asked.authority, asked.secure) for of in (cookies.name, cookies.mark_name))
        mark = self._logins.mark(caller.name)
        return (
            ("Set-Cookie", cookies.given(name, session, asked.secure)),
            ("Set-Cookie", cookies.kept(known, mark, asked.secure)),
        )


def to_login(asked: Asked) -> Answer:
    """A browser that has not logged in is led there, and back."""
    here = "/" + "/".join(quote(part, safe="") for part in asked.path)
    wanted = f"?next={quote(here)}" if asked.method == "GET" and here != _HOME else ""
    return Answer(303, b"", HTML, (("Location", LOGIN + wanted),))


def challenge(asked: Asked) -> tuple[str, str]:
    """How to log in (RFC 9110 11.6.1); a browser would ask for a password by itself where it reads ``Basic``."""
    if asked.page or asked.site or asked.session:
        return "WWW-Authenticate", 'Cookie realm="exproxy", form-action="/login"'
    return "WWW-Authenticate", 'Basic realm="exproxy", charset="UTF-8"'


def _again(asked: Asked, then: str, user: str) -> Callable[[Failure], Answer]:
    def show(failure: Failure) -> Answer:
        error = failure.value
        assert error is not None
        if not isinstance(error, LoginError) or not asked.page:
            raise error
        headers = (("Retry-After", str(int(error.wait) + 1)),) if error.wait else (challenge(asked),)
        return Answer(429 if error.wait else 401, plainpages.login(then, str(error), user), HTML, headers)

    return show


def _then(wanted: str) -> str:
    """Where one is led: a path of ours, and nothing that a browser could take for another's (``//name``, ``/\\name``)."""
    fine = wanted.isascii() and wanted.isprintable() and len(wanted) <= _LONGEST and "\\" not in wanted and " " not in wanted
    return wanted if fine and wanted.startswith("/") and not wanted.startswith("//") else _HOME


def _seen(caller: Caller) -> dict[str, object]:
    return {"user": caller.name, "role": caller.role, "anonymous": caller.anonymous, "csrf": caller.token}


def _no_cookie(asked: Asked) -> tuple[str, str]:
    return "Set-Cookie", cookies.taken(cookies.name(asked.authority, asked.secure), asked.secure)


def _with(answer: Answer, *headers: tuple[str, str]) -> Answer:
    return Answer(answer.status, answer.body, answer.kind, (*answer.headers, *headers))
