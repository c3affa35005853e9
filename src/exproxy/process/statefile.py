"""The file of ``[service] state``: one JSON document, and how it comes to the disk whole or not at all.

It has the process's secret, with which keys of clients are hashed, so nobody but its owner may read it.  Ages are seconds: clocks
may be set between two processes, and only ``written`` has to be compared with one.
"""

import contextlib
import errno
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import cattrs

from exproxy.pool.kept import Kept
from exproxy.pool.table import Entry

FORMAT = 1
"""Of the document; a process that reads a higher one knows that it does not know it."""
LARGEST = 512 * 1024 * 1024
"""Octets of a file: more than 10 million entries."""
A_SLICE = 500
"""Entries that are written as text at a time: about 0.4 ms."""
_MARK = "exproxy-state"
_LEAST_SECRET = 16
"""Octets; who could guess it could make cookies up."""


class StateFileError(Exception):
    """There is a file and it cannot be used; the text says why, as a sentence part."""


@attrs.frozen
class Remembered:
    """A table's entries: key, host and seconds since the last use, when the file was written."""

    kind: str
    entries: Sequence[tuple[bytes, str, float]]


@attrs.frozen
class State:
    """:param written: seconds since the epoch.

    :param secret: of the process.
    :param tables: by name.
    """

    written: float
    secret: bytes
    kept: Kept = attrs.Factory(Kept)
    tables: Mapping[str, Remembered] = attrs.Factory(dict)


def entries_text(entries: Sequence[Entry], now: float) -> Iterator[str]:
    """Some entries after another as text, :data:`A_SLICE` at a time; what a session uses is used now."""
    for start in range(0, len(entries), A_SLICE):
        some = [
            [entry.key.hex(), entry.host, 0 if entry.live else max(0, round(now - entry.used))]
            for entry in entries[start : start + A_SLICE]
        ]
        yield json.dumps(some, separators=(",", ":"))[1:-1]


def table_text(name: str, kind: str, taken: float, slices: Iterable[str]) -> str:
    """One table of the document.

    :param taken: when its entries were looked at; seconds since the epoch.
    """
    said = f'{json.dumps(name)}: {{"kind": {json.dumps(kind)}, "taken": {taken!r}, "entries": [\n'
    return said + ",\n".join(slices) + "\n]}"


def document(kept: Kept, secret: bytes, written: float, tables: Iterable[str]) -> list[str]:
    """The whole, in pieces.

    :param tables: of :func:`table_text`.
    """
    head = {_MARK: FORMAT, "written": written, "secret": secret.hex(), "kept": _converter().unstructure(kept)}
    pieces = [json.dumps(head, indent=1)[:-2], ',\n "tables": {']
    for number, text in enumerate(tables):
        pieces += ["," if number else "", "\n", text]
    return [*pieces, "}\n}\n"]


def write(path: Path, pieces: Iterable[str]) -> None:
    """Replace the file, or leave it as it was; may take as long as a disk takes.

    :raises OSError: it cannot be written, or another process is about to write it too.
    """
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    ours = os.fstat(descriptor)
    try:
        with open(descriptor, "w", encoding="ascii") as file:
            file.writelines(pieces)
            file.flush()
            os.fsync(file.fileno())
        if not _is(ours, new):
            raise OSError(errno.EBUSY, "another process writes it at the same time; has it the same [service] state?")
        new.replace(path)
    except OSError:
        if _is(ours, new):
            with contextlib.suppress(OSError):
                new.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


@attrs.define
class OwnFile:
    """One that only this process is to write.

    :ivar shared: somebody else has written it since we did.
    """

    path: Path
    shared: bool = False
    _left: tuple[int, int] | None = attrs.field(default=None, init=False)

    def write(self, pieces: Iterable[str]) -> None:
        """As :func:`write`; may be called in a thread."""
        found = _mark(self.path)
        if None not in (self._left, found) and found != self._left:
            self.shared = True
        write(self.path, pieces)
        self._left = _mark(self.path)


def _mark(path: Path) -> tuple[int, int] | None:
    """By which a file is known again; ``None``: there is none."""
    try:
        about = path.stat()
    except OSError:
        return None
    return about.st_ino, about.st_mtime_ns


def _is(known: os.stat_result, path: Path) -> bool:
    """Whether that is still the same file: what another process has half written must not become the whole."""
    try:
        return os.path.samestat(known, path.stat())
    except OSError:
        return False


def _sync_folder(folder: Path) -> None:
    """Have the new name survive a power failure too, where folders are files."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def read(path: Path) -> State | None:
    """What the file says; ``None``: there is none.

    :raises StateFileError: it says nothing that can be used.
    """
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StateFileError(f"it cannot be read: {error.strerror}") from error
    if len(data) > LARGEST:
        raise StateFileError(f"it is larger than {LARGEST // 1024**2} MB")
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise StateFileError(f"it is not whole, or no JSON: {error}") from error
    return _state(found)


def _state(found: Any) -> State:
    known = found.get(_MARK) if isinstance(found, dict) else None
    if known is None:
        raise StateFileError("it is not one of exproxy's")
    if known != FORMAT:
        raise StateFileError(f"its format is {known!r}, and this version of exproxy knows {FORMAT}")
    try:
        written, secret = float(found["written"]), bytes.fromhex(found["secret"])
        if len(secret) < _LEAST_SECRET:
            raise ValueError("its secret is too short")
        kept = _converter().structure(found["kept"], Kept)
        return State(written, secret, kept, {name: _table(table, written) for name, table in found["tables"].items()})
    except (KeyError, TypeError, ValueError, OverflowError, AttributeError, cattrs.BaseValidationError) as error:
        raise StateFileError(f"it says something that cannot be: {_words(error)}") from error


def _table(table: Any, written: float) -> Remembered:
    older = max(0.0, written - float(table["taken"]))
    entries = [(bytes.fromhex(key), _text(host), older + max(0.0, float(idle))) for key, host, idle in table["entries"]]
    return Remembered(_text(table["kind"]), entries)


def _text(said: Any, _kind: object = str) -> str:
    """Nothing else made into one, and no half of a surrogate pair, which no log or page could hold.

    :raises ValueError: it is none.
    """
    if not isinstance(said, str):
        raise ValueError(f"{said!r} is no text")
    said.encode()
    return said


def _words(error: Exception) -> str:
    if isinstance(error, cattrs.BaseValidationError):
        return "; ".join(cattrs.transform_error(error))
    return f"{type(error).__name__} {error}"


def _converter() -> cattrs.Converter:
    converter = cattrs.Converter(forbid_extra_keys=True)
    converter.register_structure_hook(str, _text)
    return converter


def doubt(path: Path) -> str:
    """Why the file cannot be written, as a sentence part; empty, if nothing speaks against it."""
    if path.is_dir():
        return "it is a folder"
    if not path.parent.is_dir():
        return f"there is no folder {path.parent}"
    return "" if os.access(path.parent, os.W_OK | os.X_OK) else f"no file may be made in {path.parent}"


def put_aside(path: Path) -> Path:
    """Keep a file that cannot be used for who wants to look at it.

    :raises OSError: it stays where it is.
    """
    return path.replace(path.with_name(path.name + ".broken"))
