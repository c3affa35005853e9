"""What people install is the wheel: from it, in any folder, ``twistd`` knows our command, and ``exproxy`` is there."""

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

ROOT = Path(__file__).resolve().parents[2]

TWISTD = "from twisted.scripts.twistd import run; run()"
"""The twistd program, which is in the other environment's folder."""

CHECKERS = "from exproxy.check.plugins import checkers; print(*checkers())"
"""Prints the types of checks that are found as plugins."""


def _output(command: list[str], folder: Path) -> str:
    """What ``command`` prints, run in ``folder`` and without our sources on the path."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=900, check=False
    )
    assert done.returncode == 0, f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
    return done.stdout


def source_files() -> list[Path]:
    """What a wheel is made of."""
    patterns = ("setup.cfg", "pyproject.toml", "README.md", "src/exproxy/**/*", "twisted/plugins/*.py")
    paths = [path for pattern in patterns for path in ROOT.glob(pattern)]
    return [path for path in paths if path.is_file() and "__pycache__" not in path.parts]


class WheelTests(SynchronousTestCase):
    """The built wheel, and not the tree, is what has to be whole."""

    def build(self, folder: Path) -> Path:
        """The wheel, by the setuptools that is here: no network."""
        options = ["--quiet", "--no-index", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder)]
        _output([sys.executable, "-m", "pip", "wheel", *options, str(self.copied_sources(folder))], folder)
        return next(folder.glob("exproxy-*.whl"))

    def copied_sources(self, folder: Path) -> Path:
        """Apart from the tree, so that setuptools leaves nothing in it and finds no earlier build's files."""
        copy = folder / "sources"
        for path in source_files():
            target = copy / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
        return copy

    def installed(self, wheel: Path, folder: Path) -> Path:
        """The programs of a new environment with the wheel, which has this one's libraries but not our sources."""
        environment = folder / "environment"
        venv.create(environment, with_pip=False, symlinks=True)
        python = environment / "bin" / "python"
        options = ["--quiet", "--no-index", "--no-deps", "--ignore-installed"]
        _output([sys.executable, "-m", "pip", "--python", str(python), "install", *options, str(wheel)], folder)
        places = Path(_output([str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], folder).strip())
        # A line in a .pth file adds a folder but not the .pth files in it: an editable install there stays unseen.
        (places / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n" + sysconfig.get_path("platlib") + "\n")
        return python.parent

    def test_every_file_of_the_package_and_every_plugin_is_in_the_wheel(self) -> None:
        folder = Path(self.mktemp()).resolve()
        folder.mkdir()
        with zipfile.ZipFile(self.build(folder)) as wheel:
            present = set(wheel.namelist())
        sources = [path.relative_to(ROOT) for path in source_files()]
        expected = {path.as_posix().removeprefix("src/") for path in sources if path.parts[0] in {"src", "twisted"}}
        self.assertEqual(expected - present, set())

    def test_an_installed_wheel_has_the_plugin_and_the_command(self) -> None:
        folder = Path(self.mktemp()).resolve()
        folder.mkdir()
        programs = self.installed(self.build(folder), folder)
        elsewhere = folder / "elsewhere"
        elsewhere.mkdir()
        python = str(programs / "python")
        place = _output([python, "-c", "import exproxy; print(exproxy.__file__)"], elsewhere)
        self.assertTrue(place.startswith(str(folder)), place)
        self.assertIn("--config=", _output([python, "-c", TWISTD, "exproxy", "--help"], elsewhere))
        self.assertIn("probe", _output([str(programs / "exproxy"), "--help"], elsewhere))
        self.assertIn("smtp", _output([python, "-c", CHECKERS], elsewhere).split())
        self.assertTrue((Path(place.strip()).parent / "py.typed").exists())
