"""Pages of an administrator's own, in place of ours."""

from collections.abc import Mapping

import attrs

from exproxy.config.model import Page
from exproxy.config.problems import KeyPath
from exproxy.config.report import Report

STATUSES = (400, 403, 404, 408, 413, 414, 417, 421, 429, 431, 500, 501, 502, 503, 504, 505)
"""Those that we answer with ourselves."""
_KINDS = {
    ".html": "text/html; charset=utf-8",
    ".htm": "text/html; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".json": "application/json",
}
_LARGEST = 65_536
"""A page is written in one go, to many clients at once on a bad day."""


@attrs.frozen
class PagesBuilder:
    """Reads pages; every problem goes to the report."""

    report: Report

    def pages(self, *said: tuple[KeyPath, Mapping[str, str] | None]) -> tuple[Page, ...]:
        """:param said: the front end's and the defaults', each with its path; status by status the first one wins."""
        found: dict[int, Page] = {}
        for path, files in said:
            for status, file in (files or {}).items():
                page = self._page((*path, status), status, file)
                if page is not None:
                    found.setdefault(page.status, page)
        return tuple(page for _, page in sorted(found.items()))

    def _page(self, path: KeyPath, status: str, name: str) -> Page | None:
        known = {str(number): number for number in STATUSES}
        if status not in known:
            message = f"{status} is not a status that exproxy answers with by itself"
            self.report.problem(path, message, f"these are {', '.join(known)}")
            return None
        file = self.report.file(path, name)
        kind = _KINDS.get(file.suffix.lower())
        if kind is None:
            hint = f"a page ends in {', '.join(_KINDS)}, and has no head: that is ours"
            self.report.problem(path, f'"{name}" does not say what it is', hint)
            return None
        try:
            with file.open("rb") as opened:
                body = opened.read(_LARGEST + 1)
            body.decode("utf-8")
        except OSError as error:
            self.report.problem(path, f'"{file}" cannot be read: {error.strerror}')
        except UnicodeError:
            self.report.problem(path, f'"{file}" is not UTF-8 text', "pictures belong into it as data: URLs, or elsewhere")
        else:
            if len(body) <= _LARGEST:
                return Page(known[status], file, kind, body)
            self.report.problem(path, f'"{file}" is larger than {_LARGEST // 1024} KB', "it is for times when things are bad")
        return None
