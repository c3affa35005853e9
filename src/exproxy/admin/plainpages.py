"""Pages that work in every browser, without JavaScript: the login, and what is refused."""

from html import escape
from http import HTTPStatus
from importlib.resources import files

from exproxy.admin.answers import HTML, Answer, Asked, RefusedError

STYLE = "/plain.css"
"""Where :func:`style` has to be found."""

_NO_WORD = 'autocomplete="username" autocapitalize="none" spellcheck="false"'
_DOCUMENT = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{title} | exproxy</title>
<link rel="stylesheet" href="{style}">
</head>
<body>
<main>
{content}
</main>
</body>
</html>
"""


def document(title: str, content: str) -> bytes:
    """A page; ``content`` is HTML."""
    return _DOCUMENT.format(title=escape(title), style=STYLE, content=content).encode()


def login(then: str, fault: str = "", user: str = "") -> bytes:
    """The form.

    :param then: where it leads.
    :param fault: why it is shown again.
    :param user: what was written before.
    """
    told = f'<p class="fault" role="alert">{escape(fault)}</p>\n' if fault else ""
    first, second = (" autofocus", "") if not user else ("", " autofocus")
    return document(
        "Log in",
        f"""<h1>exproxy</h1>
{told}<form method="post" action="/login">
<label for="user">User</label>
<input id="user" name="user" value="{escape(user)}" {_NO_WORD} required{first}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required{second}>
<input type="hidden" name="next" value="{escape(then)}">
<button>Log in</button>
</form>""",
    )


def refusal(asked: Asked, error: RefusedError) -> Answer:
    """What was asked for is not done, and why: a page for a browser that shows it, and JSON for all others."""
    return refused(error.status, str(error), error.headers) if asked.page else error.answer()


def refused(status: int, text: str, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    """The page."""
    title = HTTPStatus(status).phrase
    content = f"""<h1>{status} {escape(title)}</h1>
<p class="fault" role="alert">{escape(text)}</p>
<p><a href="/">To the status page</a></p>"""
    return Answer(status, document(title, content), HTML, headers)


def style() -> Answer:
    """What these pages look like."""
    return Answer(200, files("exproxy.admin").joinpath("plain.css").read_bytes(), "text/css; charset=utf-8")
