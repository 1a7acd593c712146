"""The wheel has what the engine needs, no tests, and works from any folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import time
import venv
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
PACKAGES = ("clearing", "fare_tables", "settlement", "network", "ext")
FILES = ("pyproject.toml", "setup.py", "README.md", "LICENSE")


def copy_source(source: Path) -> Path:
    """What is packed, with kernels that are compiled already where they are newer than it."""
    for package in PACKAGES:
        shutil.copytree(REPOSITORY / package, source / package,
                        ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    for name in FILES:
        if (REPOSITORY / name).is_file():
            shutil.copy2(REPOSITORY / name, source)
    if (REPOSITORY / "build" / "release").is_dir():
        shutil.copytree(REPOSITORY / "build" / "release", source / "build" / "release")
    built = source / "build" / f"lib.{sysconfig.get_platform()}-{sys.implementation.cache_tag}"
    later = time.time() + 3_600         # than anything that they are made from
    for path in (REPOSITORY / "ext").rglob("*.pyx"):
        below = path.relative_to(REPOSITORY).with_suffix("")
        kernel = path.with_name(path.stem + sysconfig.get_config_var("EXT_SUFFIX"))
        text = (source / "build" / "release" / below).with_suffix(".c")
        if not text.exists() or not kernel.exists() or (
                kernel.stat().st_mtime < path.stat().st_mtime):
            continue
        (built / below.parent).mkdir(parents=True, exist_ok=True)
        os.utime(text, (later, later))
        os.utime(shutil.copy(kernel, built / below.parent), (later, later))
    return source


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built without a network from a copy of what is in the repository."""
    folder = tmp_path_factory.mktemp("wheel")
    return build_wheel(copy_source(folder / "source"), folder)


def build_wheel(source: Path, folder: Path) -> Path:
    """A wheel of a source, left in a folder; the test skips where it cannot be built."""
    done = subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation",
         "--no-index", "--wheel-dir", folder, source],
        capture_output=True, text=True, timeout=300,
        env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"})
    if "No module named 'setuptools'" in done.stderr or "No module named 'Cython'" in done.stderr:
        pytest.skip("building without downloads needs setuptools and Cython here")
    assert done.returncode == 0, done.stderr[-3000:]
    built_wheel, = folder.glob("onecard_clearing-*.whl")
    return built_wheel


@pytest.fixture(scope="session")
def command(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`onecard`, installed from the wheel in an environment of its own."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, with_pip=False, symlinks=True)
    site = Path(sysconfig.get_path("purelib", vars={"base": str(folder)}))
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--python", folder / "bin" / "python", "install",
         "--quiet", "--no-deps", "--no-index", wheel], capture_output=True, text=True, timeout=120,
        env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"})
    assert done.returncode == 0, done.stderr[-3000:]
    # The packages that it needs are those of this environment, so that nothing is downloaded.
    (site / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "bin" / "onecard"


def call(command: Path, folder: Path, *words: str) -> str:
    done = subprocess.run([command, *words], cwd=folder, capture_output=True, text=True,
                          timeout=120, env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8"})
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def test_what_is_in_it(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    source = {path.relative_to(REPOSITORY).as_posix()
              for package in PACKAGES
              for pattern in ("**/*.py", "**/*.pxd", "**/*.pyi")
              for path in (REPOSITORY / package).glob(pattern)}
    source |= {path.relative_to(REPOSITORY).as_posix()
               for path in (REPOSITORY / "fare_tables" / "data").rglob("*") if path.is_file()}
    source.add("clearing/reference/RULES.md")
    assert source <= names, sorted(source - names)
    kernels = {path.relative_to(REPOSITORY).with_suffix("").as_posix()
               for path in (REPOSITORY / "ext").rglob("*.pyx")}
    assert kernels == {name.split(".")[0] for name in names if name.endswith(".so")}
    assert {name.split("/")[0] for name in names
            if ".dist-info/" not in name} == set(PACKAGES)


def test_it_works_from_another_folder(command: Path, tmp_path: Path) -> None:
    assert "onecard demo" in call(command, tmp_path, "--help")
    told = call(command, tmp_path, "demo", "--taps", "5000")
    assert told.count("0.00") >= 3
    assert "no differences" in call(command, tmp_path, "verify", "--book", "demo/book")
    assert (tmp_path / "demo" / "taps").is_dir()
    where = subprocess.run(
        [command.with_name("python"), "-c",
         "import clearing.engine.run as run; print(run.__file__)"],
        cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert where.startswith(str(command.parents[1]))
