"""Fields are found by the widest instructions that run here; every other way must find the same."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ext.intake.decode import NO_COLUMN, SPAN, Need, choose_way, list_ways
from ext.records import REFUSAL, TAP
from tests.intake import sender
from tests.intake.test_decode_kernel import Call

pytestmark = pytest.mark.kernels

LINES = st.sampled_from([
    sender.line_of(), sender.line_of(**sender.RAIL), sender.line_of(**sender.RIDE),
    sender.line_of(device="D" * 60, line='"a,b"', vehicle="站"), "," * 80, "", "x" * 63, "x" * 64,
    "x" * 4096, "x" * 4097, "x" * 5000, "\0", "\xe9", "," * 4200, sender.line_of() + "\r",
]) | st.text(st.characters(codec="utf-8", exclude_characters="\n"), max_size=200)

COLUMNS = len(sender.COLUMNS)


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


@pytest.mark.parametrize("columns", [COLUMNS, 32, 33, 60, 254])
def test_files_of_many_columns(columns: int) -> None:
    """More columns than one register holds."""
    lines = [sender.line_of(device=f"D{n}") + "," * (columns - COLUMNS) for n in range(40)]
    text = "".join(line + "\n" for line in lines).encode()
    for way in list_ways():
        call = Call(text, taps=np.zeros(40, TAP), columns=columns)
        choose_way(way)
        assert call.run() == Need.DONE
        assert call["progress"]["taps"][0] == 40
        assert call["taps"]["device"].tolist() == list(range(1, 41))


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_records_of_one_length(data: st.DataObject) -> None:
    """Whatever the places of the columns, up to 256 bytes and beyond."""
    widths = data.draw(st.lists(st.integers(0, 20) | st.sampled_from([63, 64]), min_size=COLUMNS,
                                max_size=COLUMNS))
    widths[0] = data.draw(st.integers(1, 20))
    spans, at = np.zeros(COLUMNS, SPAN), 0
    places = np.full(COLUMNS, NO_COLUMN, np.uint8)
    for column, width in enumerate(widths):
        if at + width <= 500 and width:
            spans[column] = at, width
            places[column] = column
            at += width + data.draw(st.integers(0, 2))
    record = int((spans["start"] + spans["width"]).max()) + data.draw(st.integers(0, 9))
    words = st.sampled_from([b" ", b"  ", b" " * 30, b"31", b"7", b"S1", b"bus", b"single", b"card",
                             b"20241125073000", b"\xe7\xab\x99", b",", b"\n", b"\r", b"\0"])
    text = b""
    for _ in range(data.draw(st.integers(1, 20))):
        line = b"".join(data.draw(st.lists(words, max_size=40)))
        text += line.ljust(record)[:record] + data.draw(st.sampled_from([b"\n", b"\n", b"\r\n"]))
    found = set()
    for way in list_ways():
        call = Call(text, taps=np.zeros(900, TAP), refusals=np.zeros(900, REFUSAL),
                    columns=COLUMNS, places=places, spans=spans, record=record)
        choose_way(way)
        assert call.run() == Need.DONE
        found.add(tuple(call[name].tobytes() for name in ("taps", "refusals", "progress")))
    assert len(found) == 1
