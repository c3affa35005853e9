"""Each module has its tests, and each test module its module: ``src/exproxy/wire/smtp.py`` and ``tests/wire/test_smtp.py``."""

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "src" / "exproxy"
TESTS = ROOT / "tests"

UNMIRRORED = ("bench", "fuzz", "integration", "windows")
"""Folders of tests that are about no single module of the package."""

ABOUT_THE_PROJECT = {
    Path("test_imports.py"),
    Path("test_mirror.py"),
    Path("test_closing_line.py"),
    Path("test_dashboards.py"),
    Path("test_msrpc.py"),
    Path("test_pages.py"),
}
"""Test modules that are about the tree itself, or about pages of its documentation."""


def expected() -> dict[Path, Path]:
    """Test module -> the module that it is to test, both relative; ``__init__`` and ``__main__`` only name things."""
    modules = (path.relative_to(SOURCES) for path in SOURCES.rglob("*.py") if path.name not in {"__init__.py", "__main__.py"})
    return {path.with_name(f"test_{path.name}"): path for path in modules}


def present() -> set[Path]:
    """The test modules that there are, relative."""
    paths = {path.relative_to(TESTS) for path in TESTS.rglob("test_*.py")}
    return {path for path in paths if path.parts[0] not in UNMIRRORED} - ABOUT_THE_PROJECT


def helper(test: Path) -> Path:
    """What a test module beside a helper of the tests is about."""
    return TESTS / test.with_name(test.name.removeprefix("test_"))


class MirrorTests(SynchronousTestCase):
    maxDiff = None

    def test_every_module_has_its_test_module(self) -> None:
        self.assertEqual(sorted(str(module) for test, module in expected().items() if test not in present()), [])

    def test_every_test_module_has_its_module(self) -> None:
        """What the tests share (``tests/net/memory.py``) may have tests beside it too."""
        orphans = present() - expected().keys()
        self.assertEqual(sorted(str(test) for test in orphans if not helper(test).exists()), [])

    def test_every_folder_of_tests_is_a_package(self) -> None:
        """Trial walks packages: without ``__init__.py`` the tests in a folder would silently not run."""
        folders = {path.parent for path in TESTS.rglob("test_*.py")}
        self.assertEqual([str(folder) for folder in sorted(folders) if not (folder / "__init__.py").exists()], [])
