r"""The one path that routes and access rules see, whatever a client writes for it; the server gets what the client wrote.

Decoded once, ``\`` to ``/``, slashes merged, dot segments removed, dots and blanks at a segment's end dropped (Windows' file
system does that), case folded.  What two servers could read differently has no canonical form and is refused: an encoded slash
or backslash, control characters, bad UTF-8, ``%u0065``, an escape that is none, one that is still there after decoding
(``%2565``), ``..`` behind an empty segment (``/ecp//../x`` is ``/x`` for who merges slashes and ``/ecp/x`` for others), above the
root or beside a backslash (``/ecp\..\owa`` is ``/owa`` for Windows, and begins with ``/ecp`` for others), segments of dots only
or of dots with parameters (``..;``), NTFS streams (``ecp::$INDEX_ALLOCATION``), and ASP.NET's cookieless sessions
(``/e(S(x))cp``), which ASP.NET takes out of the path after IIS has looked at it.

IIS compares paths by upper case, a character for a character.  :func:`folded` folds at least as much: what is equal for IIS is
equal here, so that no rule is evaded; the long s and the Kelvin sign, which
IIS keeps apart from s and k, are equal to those.
"""

import re
from urllib.parse import unquote_to_bytes

from exproxy.wire.lines import quoted
from exproxy.wire.web.errors import HttpError

_PLAIN = re.compile(rb"(?:/[A-Za-z0-9_~@=+,!&-](?:[A-Za-z0-9_.~@=+,!&-]*+(?<!\.))?)++/?|/")
_BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_HIDDEN_SLASH = re.compile(rb"%(?:2[Ff]|5[Cc])")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_STILL_ENCODED = re.compile(r"%(?:[0-9A-Fa-f]{2}|[uU][0-9A-Fa-f]{4})", re.ASCII)
_COOKIELESS = re.compile(r"\([A-Za-z]\(")
_STREAM = re.compile(r":[^/:$]*\$")
_DOTS_WITH_PARAMETERS = re.compile(r"\.{1,2}\s*;.*", re.DOTALL)

_WHERE = "HTTP request, path"


def canonical(raw: bytes) -> str:
    r"""The canonical form of a target's path: begins with ``/``, has no ``//``, no dot segments and no upper case.

    A slash at the end stays.  The result, encoded again, has itself as its canonical form.

    :param raw: without query, beginning with ``/`` or ``\``.
    :raises HttpError: it has none; the status is 400.
    """
    if _PLAIN.fullmatch(raw):
        return raw.decode("ascii").lower()
    text = _decoded(raw)
    segments = text.replace("\\", "/").split("/")
    if "\\" in text and ".." in segments:
        raise _refused("'..' beside a backslash is ambiguous")
    return folded(_resolved(segments))


def folded(text: str) -> str:
    """``text`` without case: each character's upper case and that one's lower case, where either is a single character."""
    return text.lower() if text.isascii() else "".join(map(_folded_character, text))


def within(path: str, prefix: str) -> bool:
    """Whether a canonical path is ``prefix`` or lies beneath it; parameters (``/ecp;x``) are no part of a segment's name.

    :param prefix: canonical too; whether it ends in a slash is no matter.
    """
    prefix = prefix.rstrip("/")
    return path.startswith(prefix) and path[len(prefix) : len(prefix) + 1] in {"", "/", ";"}


def _decoded(raw: bytes) -> str:
    if found := _BAD_ESCAPE.search(raw):
        raise _refused(f"{quoted(raw[found.start() : found.start() + 6])} is no escape")
    if _HIDDEN_SLASH.search(raw):
        raise _refused("a slash or backslash is encoded")
    try:
        text = unquote_to_bytes(raw).decode("utf-8")
    except UnicodeDecodeError:
        raise _refused("it is not in UTF-8") from None
    if _CONTROL.search(text):
        raise _refused("it has a control character")
    if _STILL_ENCODED.search(text):
        raise _refused("it is encoded twice")
    if _COOKIELESS.search(text):
        raise _refused("it has an ASP.NET session in it, which the server would take out")
    if _STREAM.search(text):
        raise _refused("it names an NTFS stream")
    return text


def _resolved(segments: list[str]) -> str:
    """Without empty and dot segments.  Empty ones are kept until the end, to see what ``..`` would take away elsewhere."""
    root, *segments = segments
    if root or not segments:
        raise _refused("it does not begin with a slash")
    kept: list[str] = []
    for segment in segments:
        if segment == "..":
            if not kept:
                raise _refused("it leads out of the root")
            if not kept.pop():
                raise _refused("'..' behind an empty segment is ambiguous")
        elif segment != ".":
            kept.append(_named(segment))
    end = "/" if segments[-1] in {"", ".", ".."} else ""
    resolved = "".join(f"/{segment}" for segment in kept if segment)
    return resolved + end if resolved else "/"


def _named(segment: str) -> str:
    name = segment.rstrip(". ")
    if segment and (not name or _DOTS_WITH_PARAMETERS.fullmatch(segment)):
        raise _refused(f"the segment {quoted(segment)} means different things to different servers")
    return name


def _folded_character(character: str) -> str:
    upper = character.upper()
    if len(upper) == 1:
        character = upper
    lower = character.lower()
    return lower if len(lower) == 1 else character


def _refused(what: str) -> HttpError:
    return HttpError(what, _WHERE, 400)
