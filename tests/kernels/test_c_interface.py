"""What kernels share in C, and the traps of the compiler that we build with.

A small kernel is compiled apart and cimports ext/: what it sees must be what Python sees.
"""

from __future__ import annotations

import ast
import importlib.util
import signal
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from ext import codes, records

pytestmark = pytest.mark.kernels

ROOT = Path(__file__).parents[2]
PROBE = Path(__file__).parent / "probe.pyx"
SMALLEST, LARGEST = -(2**63), 2**63 - 1

BUILD = """
import sys
from Cython.Build import cythonize
from setuptools import Extension, setup
setup(script_args=["-q", "build_ext", "--inplace"], ext_modules=cythonize(
    [Extension("probe", ["probe.pyx"], extra_compile_args=["-O0", "-Wall"],
               define_macros=[("ONECARD_DEBUG", "1")])],
    include_path=[sys.argv[1]], quiet=True,
    compiler_directives={"language_level": 3, "boundscheck": True, "wraparound": False,
                         "legacy_implicit_noexcept": False}))
"""


@pytest.fixture(scope="module")
def probe(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    """The probe, compiled with bounds checks as the checked build is."""
    folder = tmp_path_factory.mktemp("probe")
    (folder / "probe.pyx").write_text(PROBE.read_text("utf-8"), "utf-8")
    done = subprocess.run([sys.executable, "-c", BUILD,
                           str(ROOT)], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    spec = importlib.util.spec_from_file_location("probe", next(folder.glob("probe.*.so")))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_sizes_in_c_are_those_of_the_dtypes(probe: ModuleType) -> None:
    assert {name: getattr(records, name).itemsize for name in probe.SIZES} == probe.SIZES
    dtypes = {name for name in dir(records) if isinstance(getattr(records, name), np.dtype)}
    assert dtypes == set(probe.SIZES), "every layout is probed"


def test_offsets_and_codes_in_c_are_those_of_python(probe: ModuleType) -> None:
    fields = records.ENTRY.fields
    assert fields is not None
    offsets = probe.offsets()
    legs, start = fields["legs"][:2]
    assert legs.fields is not None
    found = {name: start + legs.fields[name.partition(".")[2]][1] if "." in name
             else fields[name][1] for name in offsets}
    assert found == offsets
    assert probe.CODES == {"TRUNCATED_LINE": codes.Code.TRUNCATED_LINE,
                           "PRICE_OVERFLOW": codes.Code.PRICE_OVERFLOW,
                           "LOCK": codes.TapKind.LOCK, "OVERTIME": codes.RideState.OVERTIME}
    assert probe.LEGS_MOST == records.LEGS_MOST


@pytest.mark.parametrize(("left", "right", "result"), [
    (LARGEST, 0, LARGEST),
    (LARGEST, 1, None),
    (SMALLEST, -1, None),
    (SMALLEST, LARGEST, -1),
])
def test_a_sum_says_where_64_bits_end(probe: ModuleType, left: int, right: int,
                                      result: int | None) -> None:
    assert probe.add(left, right) == result


@pytest.mark.parametrize("place", [3, -1, 2**40])
def test_a_checked_build_does_not_read_out_of_bounds(probe: ModuleType, place: int) -> None:
    """In a `noexcept` loop it would be swallowed; kernels return an error value for this."""
    values = np.array([5, 6, 7], np.int64)
    assert probe.read_at(values, 2) == 7
    with pytest.raises(IndexError):
        probe.read_at(values, place)


def test_what_must_hold_is_looked_at_in_a_checked_build(probe: ModuleType) -> None:
    probe.hold(True)
    probe.hold_or_end(True)
    with pytest.raises(AssertionError, match="the probe holds"):
        probe.hold(False)
    assert probe.__file__ is not None
    ended = subprocess.run([sys.executable, "-c", "import probe; probe.hold_or_end(False)"],
                           cwd=Path(probe.__file__).parent, capture_output=True, text=True)
    assert ended.returncode == -signal.SIGABRT
    assert "this must hold and does not: the probe holds" in ended.stderr


def test_another_layout_is_refused() -> None:
    """A view of the wrong struct names the field that does not fit."""
    from ext.clearing.netting import merge_flows

    wrong: Any = np.zeros(2, records.AGREEMENT)
    with pytest.raises(ValueError, match="expected"):
        merge_flows(wrong, np.zeros(2, records.FLOW))


def test_division_is_pythons(probe: ModuleType) -> None:
    """With cdivision -7 // 2 would be -3, and 1 // 0 would end the process."""
    assert [probe.divide(-7, 2), probe.divide(7, -2)] == [-4, -4]
    with pytest.raises(ZeroDivisionError):
        probe.divide(1, 0)


def test_kernels_are_built_without_what_bites() -> None:
    """Cython's overflowcheck crashes without the GIL, and cdivision kills the process."""
    tree = ast.parse((ROOT / "setup.py").read_text("utf-8"))
    directives = next(node.value for node in tree.body if isinstance(node, ast.Assign)
                      and isinstance(node.targets[0], ast.Name)
                      and node.targets[0].id == "DIRECTIVES")
    assert isinstance(directives, ast.Dict)
    written = {ast.literal_eval(key): ast.unparse(value)
               for key, value in zip(directives.keys, directives.values, strict=True)
               if key is not None}
    assert written["overflowcheck"] == written["cdivision"] == "False"
    assert written["boundscheck"] == written["initializedcheck"] == "DEBUG"
    assert written["legacy_implicit_noexcept"] == "False"
