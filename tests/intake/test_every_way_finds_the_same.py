"""Fields are found by the widest instructions that run here; every other way must find the same."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ext.decode import Need, choose_way, list_ways
from ext.records import REFUSAL, TAP
from tests.intake import sender
from tests.intake.test_decode_kernel import Call

pytestmark = pytest.mark.kernels

LINES = st.sampled_from([
    sender.line_of(), sender.line_of(**sender.RAIL), sender.line_of(**sender.RIDE),
    sender.line_of(device="D" * 60, line='"a,b"', vehicle="站"), "," * 80, "", "x" * 63, "x" * 64,
    "x" * 4096, "x" * 4097, "x" * 5000, "\0", "\xe9", "," * 4200, sender.line_of() + "\r",
]) | st.text(st.characters(codec="utf-8", exclude_characters="\n"), max_size=200)


@pytest.fixture(autouse=True)
def _widest_again() -> Iterator[None]:
    yield
    choose_way(max(list_ways()))


def decode(text: bytes, way: int) -> tuple[bytes, bytes, bytes]:
    """Taps, refusals and raw bytes, found one way; codes have the numbers of a new table."""
    call = Call(text, taps=np.zeros(100, TAP), refusals=np.zeros(100, REFUSAL))
    choose_way(way)
    assert call.run() == Need.DONE
    return tuple(call[name].tobytes() for name in ("taps", "refusals", "progress"))  # type: ignore[return-value]


@settings(max_examples=200, deadline=None)
@given(st.lists(LINES, max_size=40))
def test_all_ways(lines: list[str]) -> None:
    text = "".join(line + "\n" for line in lines).encode()
    found = {decode(text, way) for way in list_ways()}
    assert len(found) == 1


def test_the_portable_way_always_runs() -> None:
    assert list_ways()[0] == 0
    with pytest.raises(ValueError, match="way: 9, expected one of"):
        choose_way(9)


@pytest.mark.parametrize("columns", [26, 30, 31, 32, 60, 254])
def test_files_of_many_columns(columns: int) -> None:
    """More columns than one register holds."""
    lines = [sender.line_of(device=f"D{n}") + "," * (columns - 26) for n in range(40)]
    text = "".join(line + "\n" for line in lines).encode()
    for way in list_ways():
        call = Call(text, taps=np.zeros(40, TAP), columns=columns)
        choose_way(way)
        assert call.run() == Need.DONE
        assert call["progress"]["taps"][0] == 40
        assert call["taps"]["device"].tolist() == list(range(1, 41))
