"""The type checker believes the stubs of kernels: they must be what was compiled."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.tidy.source import ROOT, module_of, name_of

KERNELS = sorted((ROOT / "ext").rglob("*.pyx"))
# What Cython adds to every module and class; that its classes cannot be mixed with others.
ALLOWED = r"""
ext\.[\w.]+\.__test__
ext\.[\w.]+\.__pyx_capi__
ext\.[\w.]+\.__(reduce|setstate)_cython__
ext\.\w+\.\w+\.(PartitionPipeline|Carried|Lookup|Origins|PricingTables|EntryTables|PartitionBuffer)
ext\.\w+\.\w+\.(CardRegister|Denied|Persons|Plan)
"""


@pytest.mark.parametrize("kernel", KERNELS, ids=name_of)
def test_every_kernel_has_a_stub(kernel: Path) -> None:
    assert kernel.with_suffix(".pyi").is_file()
    assert (ROOT / "ext" / "py.typed").is_file()


def test_stubs_are_what_was_compiled(tmp_path: Path) -> None:
    """Names, arguments, defaults and values of enums."""
    allowed = tmp_path / "allowed"
    allowed.write_text(ALLOWED, "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "mypy.stubtest", "--concise", "--ignore-unused-allowlist",
         "--allowlist", str(allowed), *map(module_of, KERNELS)],
        cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
