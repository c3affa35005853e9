"""Dependencies point one way: every import under ``src`` is read, and each arrow has to stand in ``ARROWS``."""

import ast
from collections.abc import Iterator
from pathlib import Path

import attrs
from twisted.trial.unittest import SynchronousTestCase

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "src"
PLUGINS = ROOT / "twisted" / "plugins"

ARROWS: dict[str, set[str]] = {
    # entry points only parse arguments
    "tap": {"site", "config", "check"},
    "cli": {"site", "config", "check", "winservice"},
    "winservice": {"site", "config", "check"},
    "worker": {"site", "process", "net"},
    # what Twisted finds: our command and our checkers
    "plugins": {"tap", "check"},
    # builds everything from the configuration
    "site": {"process", "notify", "admin", "proxy", "check", "net", "pool", "wire", "wire.dialogue", "config"},
    # meet only in pool and wire
    "process": {"net", "pool", "wire", "wire.dialogue"},
    "admin": {"net", "pool", "wire", "wire.dialogue"},
    "proxy": {"net", "pool", "wire", "wire.dialogue"},
    "check": {"net", "pool", "wire", "wire.dialogue"},
    # knows only sentences
    "notify": set(),
    # the one place that touches sockets
    "net": {"wire"},
    # a stand-in for the servers, which knows nothing of the proxy
    "simulator": {"net", "wire", "wire.dialogue"},
    # pure
    "wire.dialogue": {"wire"},
    "wire": set(),
    "pool": set(),
    "config": set(),
}
"""Layer -> the layers that it may import, besides itself and the names in ``exproxy/__init__.py``."""

PURE = ("wire", "wire.dialogue", "pool", "config")
IMPURE = {
    "OpenSSL",
    "asyncio",
    "datetime",
    "select",
    "selectors",
    "signal",
    "socket",
    "ssl",
    "subprocess",
    "threading",
    "time",
    "twisted",
}
"""What needs a loop, a socket, a process or a clock; time is passed in to the pure layers."""

CLOCKED = {"config": {"datetime"}}
"""TOML has dates of its own, which a configuration reader must be able to name in order to refuse them."""

REACTOR_USERS = {
    "exproxy.tap",
    "exproxy.worker",
    "exproxy.cli",
    "exproxy.winservice.running",
    "exproxy.simulator.__main__",
    "exproxy.simulator.demo",
}
"""Entry points; everybody else is given the reactor."""

NAMELESS = {"utils", "util", "helpers", "misc", "common"}
"""Module names that say nothing about what is in them."""


@attrs.frozen
class Import:
    """That the module ``importer`` names ``imported``, a module or a name in one, at ``path:line``."""

    importer: str
    imported: str
    place: str


def module_name(path: Path) -> str:
    """``src/exproxy/net/__init__.py`` is ``exproxy.net``, ``twisted/plugins/x.py`` is ``exproxy.plugins.x``."""
    if path.is_relative_to(PLUGINS):
        return f"exproxy.plugins.{path.stem}"
    parts = path.relative_to(SOURCES).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_in(path: Path, importer: str, source: str) -> Iterator[Import]:
    """Every import in ``source``, wherever it stands in it: in functions and for the type checker too."""
    package = importer if path.name == "__init__.py" else importer.rpartition(".")[0]
    for node in ast.walk(ast.parse(source, str(path))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            origin = ".".join([*parents, *([node.module] if node.module else [])])
            names = [f"{origin}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            yield Import(importer, name, f"{path.relative_to(ROOT)}:{node.lineno}")


def layer(name: str) -> str:
    """The layer of a module or of a name in one: the longest entry of ``ARROWS`` that it begins with, or its first part."""
    parts = name.split(".")[1:]
    known = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((candidate for candidate in known if candidate in ARROWS), parts[0] if parts else "")


def all_sources() -> list[Path]:
    return sorted([*SOURCES.rglob("*.py"), *PLUGINS.glob("*.py")])


def all_imports() -> list[Import]:
    return [found for path in all_sources() for found in imports_in(path, module_name(path), path.read_text(encoding="utf-8"))]


def forbidden_arrows(imports: list[Import]) -> list[str]:
    """What breaks ``ARROWS``, a line each."""
    complaints = []
    for found in imports:
        source = layer(found.importer)
        if found.imported.split(".")[0] != "exproxy" or found.imported == "exproxy.__version__" or not source:
            continue
        target = layer(found.imported)
        if target != source and target not in ARROWS.get(source, set()):
            complaints.append(f"{found.place}: {source or 'exproxy'} may not import {target or 'exproxy'} ({found.imported})")
    return complaints


class ImportDirectionTests(SynchronousTestCase):
    """Layers know only those beneath them."""

    maxDiff = None

    def test_every_arrow_is_an_allowed_one(self) -> None:
        self.assertEqual(forbidden_arrows(all_imports()), [])

    def test_every_module_belongs_to_a_known_layer(self) -> None:
        strangers = {str(path.relative_to(ROOT)) for path in all_sources() if layer(module_name(path)) not in {"", *ARROWS}}
        self.assertEqual(strangers, set())

    def test_the_pure_layers_have_no_loop_no_socket_and_no_clock(self) -> None:
        impure = [
            f"{found.place}: {found.imported}"
            for found in all_imports()
            if layer(found.importer) in PURE
            and found.imported.split(".")[0] in IMPURE - CLOCKED.get(layer(found.importer), set())
        ]
        self.assertEqual(impure, [])

    def test_only_entry_points_import_the_reactor(self) -> None:
        users = {found.importer for found in all_imports() if found.imported.startswith("twisted.internet.reactor")}
        self.assertEqual(users - REACTOR_USERS, set())

    def test_no_module_has_a_name_that_says_nothing(self) -> None:
        modules = [path for folder in ("src", "tests", "bench", "fuzz") for path in (ROOT / folder).rglob("*.py")]
        self.assertEqual([str(path.relative_to(ROOT)) for path in modules if {path.stem, path.parent.name} & NAMELESS], [])

    def test_the_plugin_folder_is_no_package(self) -> None:
        self.assertFalse((PLUGINS / "__init__.py").exists(), "it would take the place of Twisted's own plugins")


class ReaderTests(SynchronousTestCase):
    """The reader of imports sees what it is there to see."""

    def complaints(self, folder: str, source: str) -> list[str]:
        path = SOURCES / "exproxy" / folder / "example.py"
        return forbidden_arrows(list(imports_in(path, module_name(path), source)))

    def test_a_forbidden_import_is_found(self) -> None:
        self.assertEqual(
            self.complaints("proxy", "from exproxy.check.interfaces import Target"),
            [f"{Path('src/exproxy/proxy/example.py')}:1: proxy may not import check (exproxy.check.interfaces.Target)"],
        )

    def test_a_package_that_is_imported_as_a_name_is_found(self) -> None:
        self.assertEqual(len(self.complaints("proxy", "from exproxy import check")), 1)

    def test_a_relative_import_is_followed(self) -> None:
        self.assertEqual(len(self.complaints("proxy", "from ..check import interfaces")), 1)

    def test_an_import_within_a_function_is_found(self) -> None:
        self.assertEqual(len(self.complaints("wire", "def f():\n    import exproxy.net")), 1)

    def test_wire_does_not_know_its_dialogues(self) -> None:
        self.assertEqual(len(self.complaints("wire", "from exproxy.wire.dialogue import base")), 1)

    def test_an_allowed_import_passes(self) -> None:
        self.assertEqual(self.complaints("check", "from exproxy.wire.dialogue.base import Status"), [])
