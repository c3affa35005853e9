"""What a form of a page says."""

from urllib.parse import parse_qsl

from exproxy.admin.answers import Asked, RefusedError

FORM = "application/x-www-form-urlencoded"
_MOST = 50


def fields(asked: Asked) -> dict[str, str]:
    """The last value of each field.

    :raises RefusedError: 415: it is no form; 400: it is none that makes sense.
    """
    if asked.kind != FORM:
        raise RefusedError(415, f"a form is expected: Content-Type: {FORM}")
    try:
        return dict(parse_qsl(asked.body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MOST))
    except ValueError as error:
        raise RefusedError(400, "the body is no form that makes sense") from error
