"""Loads texts as files, with check types that stand for the real ones."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import attrs
from twisted.trial.unittest import SynchronousTestCase

from exproxy.config.load import load
from exproxy.config.model import Configuration
from exproxy.config.problems import ConfigError
from tests.net.tlspeer import authority, certificate

CONF = Path(__file__).parents[2] / "conf"
DOCS = Path(__file__).parents[2] / "docs"


@attrs.frozen
class PlainOptions:
    """For types without keys of their own."""


@attrs.frozen
class SmtpOptions:
    helo: str = "exproxy"


def _statuses(_instance: object, _attribute: object, value: tuple[str, ...]) -> None:
    if not all(status[:1].isdigit() for status in value):
        raise ValueError(f"{value} are not statuses")


@attrs.frozen
class HttpOptions:
    preset: Literal["", "owa", "healthcheck", "rpcproxy"] = ""
    method: str = "GET"
    path: str = "/"
    host: str = ""
    headers: dict[str, str] = attrs.field(factory=dict)
    expect: tuple[str, ...] = attrs.field(default=("2xx",), validator=_statuses)
    body: str = ""


def _known(_instance: object, _attribute: object, names: str | tuple[str, ...]) -> None:
    if "emsmbd" in names:
        raise ValueError("'emsmbd' is no RPC interface; did you mean 'emsmdb'?")


@attrs.frozen
class RpcOptions:
    interface: tuple[str, ...] = attrs.field(validator=_known)
    version: str = ""
    mapper: bool = False
    codes: tuple[int, ...] = ()
    share: float = 0.5


@attrs.frozen
class EpmOptions:
    interface: str = "emsmdb"


@attrs.frozen
class Kind:
    """A type of check."""

    options: type
    starttls: bool = False


CHECKERS: Mapping[str, Kind] = {
    "tcp": Kind(PlainOptions),
    "tls": Kind(PlainOptions),
    "smtp": Kind(SmtpOptions, starttls=True),
    "http": Kind(HttpOptions),
    "imap": Kind(PlainOptions, starttls=True),
    "pop3": Kind(PlainOptions, starttls=True),
    "rpc": Kind(RpcOptions),
    "epm": Kind(EpmOptions),
    "ping": Kind(PlainOptions),
}

WEB = """
[frontends.web]
bind = "127.0.0.1:443"
backend = "web"
[backends.web.servers]
a = "10.0.0.1:443"
"""


def conf(folder: Path) -> list[Path]:
    """The files of conf/, as somebody has them who has their certificates too; the demo's is named by the environment alone."""
    certificates = folder / "conf" / "certs"
    certificates.mkdir(parents=True)
    for name in ("mail.pem", "autodiscover.pfx"):
        chain = certificate().private_key_and_cert_chain_pem.bytes() + authority().cert_pem.bytes()
        (certificates / name).write_bytes(chain)
    files = sorted(path for path in CONF.glob("*.toml") if path.name != "demo.toml")
    return [Path(shutil.copy(path, folder / "conf")) for path in files]


class ConfigTestCase(SynchronousTestCase):
    """Loads ``site.toml`` and further files of a folder of its own."""

    def setUp(self) -> None:
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def write(self, text: str, name: str = "site.toml") -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        return path

    def load(self, text: str, environ: Mapping[str, str] | None = None) -> Configuration:
        return load(self.write(text), environ or {}, CHECKERS)

    def problems(self, text: str, environ: Mapping[str, str] | None = None) -> list[str]:
        """Every problem of the text as people read it, without the folder."""
        error = self.assertRaises(ConfigError, self.load, text, environ)
        return [str(problem).replace(f"{self.folder}{os.sep}", "") for problem in error.problems]

    def warnings_but_of_relaying(self, text: str) -> list[str]:
        """Those but the one that every [exchange] with SMTP has."""
        return [warning for warning in self.warnings(text) if "relays for everybody" not in warning]

    def warnings(self, text: str) -> list[str]:
        return [str(warning).replace(f"{self.folder}{os.sep}", "") for warning in self.load(text).warnings]
