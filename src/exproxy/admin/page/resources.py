"""What pages are made of beside their HTML: style sheet, scripts, the chart library; nothing is asked of anybody else."""

import hashlib
from importlib.resources import files

from exproxy.admin.answers import Answer, RefusedError

_KINDS = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
_FOR_EVER = (("Cache-Control", "private, max-age=31536000, immutable"),)


class Resources:
    """All of them, read once; their address changes when they do, so that a browser never has to ask whether they have."""

    def __init__(self) -> None:
        found = sorted(files("exproxy.admin.page").joinpath("static").iterdir(), key=lambda file: file.name)
        self._files = {file.name: file.read_bytes() for file in found if _kind(file.name)}
        digest = hashlib.sha256(b"".join(name.encode() + data for name, data in self._files.items()))
        self.version = digest.hexdigest()[:12]

    def address(self, name: str) -> str:
        """Where a browser finds it."""
        if name not in self._files:
            raise KeyError(name)
        return f"/static/{self.version}/{name}"

    def answer(self, version: str, name: str) -> Answer:
        """:raises RefusedError: there is no such file, or not any more."""
        if name not in self._files or version != self.version:
            raise RefusedError(404, f'there is no file "{name[:100]}" in this version')
        return Answer(200, self._files[name], _kind(name), _FOR_EVER)


def _kind(name: str) -> str:
    return _KINDS.get(name[name.rfind(".") :], "")
