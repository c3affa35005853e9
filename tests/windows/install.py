"""A Windows CPython with all that exproxy and its tests need, and exproxy's own wheel."""

import configparser
import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from tests.windows.session import Session

ROOT = Path(__file__).resolve().parents[2]

NOT_FOR_TESTS = ("coverage", "mypy", "ruff", "setuptools")
"""What the extra ``test`` has for other things than running tests."""


def requirements() -> list[str]:
    """What setup.cfg asks for, but for what ``setup.sh`` brings by itself."""
    read = configparser.ConfigParser()
    read.read(ROOT / "setup.cfg", encoding="utf-8")
    lines = (read["options"]["install_requires"] + read["options.extras_require"]["test"]).splitlines()
    wanted = [line.strip() for line in lines if line.strip() and ";" not in line]
    return [line for line in wanted if not line.startswith(NOT_FOR_TESTS)]


def install(session: Session) -> None:
    """Make the interpreter, unless it is there, and put a new wheel into it.

    :raises CalledProcessError: a step failed; it has printed why.
    """
    session.folder.mkdir(exist_ok=True)
    setup = session.tools / "setup.sh"
    mark = session.folder / "made"
    made_of = hashlib.sha256("\n".join([setup.read_text(encoding="utf-8"), *requirements()]).encode()).hexdigest()
    # setup.sh takes this interpreter's pip and standard library
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}
    if not mark.exists() or mark.read_text() != made_of:
        shutil.rmtree(session.python, ignore_errors=True)
        subprocess.run(["sh", str(setup), str(session.python), *requirements()], env=environment, check=True)
        mark.write_text(made_of)
    packages = session.python / "Lib" / "site-packages"
    for old in (*packages.glob("exproxy"), *packages.glob("exproxy-*.dist-info")):
        shutil.rmtree(old)
    with zipfile.ZipFile(_wheel(session.folder / "wheel")) as wheel:
        wheel.extractall(packages)  # what pip does with one that is pure Python and has no script to make


def _wheel(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    sources = folder / "sources"
    for pattern in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE", "src/exproxy/**/*", "twisted/plugins/*.py"):
        for path in ROOT.glob(pattern):
            if path.is_file() and "__pycache__" not in path.parts:
                (sources / path.relative_to(ROOT)).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, sources / path.relative_to(ROOT))
    options = ["--quiet", "--no-index", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder)]
    subprocess.run([sys.executable, "-m", "pip", "wheel", *options, str(sources)], check=True)
    return next(folder.glob("exproxy-*.whl"))
