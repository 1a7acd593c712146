"""Every kernel says what must hold while it works; the checked build looks whether it does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.tidy.source import list_files, name_of, text_of

# The head of a function that runs without the GIL; its body follows.
WORKS = re.compile(r"\b(noexcept|except\?? \S+) nogil:\s*\n")
SAYS = re.compile(r"^ +(check|must)\(", re.MULTILINE)
# C, whose results lines.pxd holds against the row, and the place where both are defined.
WITHOUT = {"ext/intake/scan.pxd", "ext/checked.pxd"}

KERNELS = [path for path in list_files("ext", suffixes=(".pyx", ".pxd"))
           if WORKS.search(text_of(path)) and name_of(path) not in WITHOUT]


@pytest.mark.parametrize("path", KERNELS, ids=name_of)
def test_a_kernel_says_what_must_hold(path: Path) -> None:
    assert SAYS.search(text_of(path)), "say with check or must (ext/checked.pxd) what must hold"


def test_kernels_are_found() -> None:
    assert len(KERNELS) > 15
