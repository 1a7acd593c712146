"""Builds the kernels in ext/. ONECARD_DEBUG=1 builds them with bounds and what must hold checked.

The same source, compiler and packages make the same bytes of a wheel, wherever and whenever.
Everything else about the package is in pyproject.toml.
"""

import os
import sys
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

DEBUG = os.environ.get("ONECARD_DEBUG") == "1"

# Files of a wheel get this time, as zips can have it, and not that of the build.
os.environ.setdefault("SOURCE_DATE_EPOCH", "315532800")     # 1980-01-01

# The checked build is compiled for every run of the tests, and works on little data.
C_FLAGS = ["-O0"] if DEBUG else ["-O3", "-fno-strict-aliasing"]
# Debug information names the folder of the build, and those that headers were read from; where the
# source stands beside it, `python -m benchmarks instructions` counts by its lines.
C_FLAGS += ["-g0"] if "bdist_wheel" in sys.argv else []
# The decoders' checked build counts which of its blocks ran: tests/fuzz is guided by that.
COUNTED = ["-fsanitize-coverage=trace-pc", "-include", "tests/fuzz/blocks.h"]
WARNINGS = [
    "-Wall", "-Wno-unused-function", "-Wno-address-of-packed-member",
    "-Werror=implicit-function-declaration",
]
MACROS = [("NPY_NO_DEPRECATED_API", "NPY_1_7_API_VERSION"),
          *([("ONECARD_DEBUG", "1")] if DEBUG else [])]      # ext/checked.pxd

DIRECTIVES = {
    "language_level": 3,
    "boundscheck": DEBUG,
    "wraparound": False,
    "initializedcheck": DEBUG,
    "cdivision": False,
    "overflowcheck": False,
    "embedsignature": False,
    "legacy_implicit_noexcept": False,
    "show_performance_hints": not DEBUG,     # "use boundscheck(False)": not here
}

extensions = [
    Extension(".".join(path.with_suffix("").parts), [str(path)], define_macros=MACROS,
              extra_compile_args=C_FLAGS + WARNINGS
              + (COUNTED if DEBUG and path.parent.name == "intake" else []))
    for path in sorted(Path("ext").rglob("*.pyx"))
]

setup(ext_modules=cythonize(
    extensions,
    compiler_directives=DIRECTIVES,
    build_dir="build/debug" if DEBUG else "build/release",
    nthreads=os.cpu_count() or 1,
), options={"build_ext": {"parallel": os.cpu_count() or 1}})
