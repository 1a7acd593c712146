"""Whoever builds the same source, with the same compiler and packages, gets the same bytes."""

from __future__ import annotations

import hashlib
import shutil
import zipfile
from pathlib import Path

from tests.wheel.test_the_wheel_works_elsewhere import (
    FILES,
    PACKAGES,
    REPOSITORY,
    build_wheel,
)

KERNEL = Path("ext/clearing/bands.pyx")         # one stands for all: they are compiled alike


def build(folder: Path) -> Path:
    """A wheel of what is packed, with one kernel that is compiled for it."""
    source = folder / "source"
    for package in PACKAGES:
        shutil.copytree(REPOSITORY / package, source / package,
                        ignore=shutil.ignore_patterns("*.so", "*.pyx", "__pycache__"))
    for path in (Path(name) for name in (*FILES, KERNEL)):
        shutil.copy(REPOSITORY / path, source / path)       # its time is now
    return build_wheel(source, folder)


def test_in_another_folder_at_another_time(tmp_path: Path) -> None:
    wheels = [build(tmp_path / name) for name in ("here", "in-another-folder")]
    packed = [{one.filename: (one.date_time, one.CRC) for one in zipfile.ZipFile(wheel).infolist()}
              for wheel in wheels]
    assert packed[0] == packed[1]
    assert any(name.endswith(".so") for name in packed[0])
    digests = {hashlib.sha256(wheel.read_bytes()).hexdigest() for wheel in wheels}
    assert len(digests) == 1
