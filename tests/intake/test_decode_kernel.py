"""The kernel's door: what it refuses to start on, and what happens when it runs out of room."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from clearing.intake.decoder_tables import LEARNED_KINDS, DecoderTables
from clearing.intake.formats.canonical import COLUMNS, read_header
from ext.codes import Code
from ext.intake.decode import (
    LONGEST_CODE,
    LONGEST_LINE,
    LONGEST_RAW,
    PREFIX,
    PROGRESS,
    SETTINGS,
    SPAN,
    TEXT_PAD,
    Column,
    Need,
    decode_rows,
)
from ext.records import REFUSAL, TAP
from network.names import Names
from network.numbering import number_network
from tests.intake import sender

pytestmark = pytest.mark.kernels

SHAPE = read_header(sender.COLUMNS)


class Call:
    """The arguments of one call of the kernel."""

    def __init__(self, text: bytes, **changes: Any) -> None:
        decoder_tables = DecoderTables(number_network(sender.NETWORK, Names()))
        self.tables = decoder_tables.learned_tables()
        speaker = decoder_tables.speaker("", sender.RECEIVED_AT)
        self.closed = speaker.closed
        self.arguments: dict[str, Any] = {
            "text": np.frombuffer(text + bytes(TEXT_PAD), dtype=np.uint8), "stop": len(text),
            "file_offset": 0, "places": SHAPE.places, "columns": len(SHAPE.columns),
            "settings": speaker.settings,
            "civil_offsets": decoder_tables.network.clock.offsets, "rules": speaker.rules,
            "prefixes": decoder_tables.prefixes, "taps": np.empty(4, TAP),
            "refusals": np.empty(4, REFUSAL), "raw": np.empty(len(text), np.uint8),
            "progress": np.zeros(1, PROGRESS), "spans": np.empty(0, SPAN), "record": 0,
        }
        self.arguments.update(changes)

    def run(self) -> Need:
        """Run the kernel on."""
        lookups = (*self.closed, *(self.tables[kind].lookup for kind in LEARNED_KINDS))
        return decode_rows(**{"lookups": lookups, **self.arguments})

    def __getitem__(self, name: str) -> Any:
        return self.arguments[name]


def text_of(count: int, **values: str) -> bytes:
    """So many records."""
    return (sender.line_of(**values) + "\n").encode() * count


def test_no_rows_and_one_row() -> None:
    assert Call(b"").run() == Need.DONE
    call = Call(text_of(1))
    assert call.run() == Need.DONE
    assert call["progress"]["taps"][0] == call["progress"]["records"][0] == 1
    assert call.run() == Need.DONE      # nothing is left
    assert call["progress"]["taps"][0] == 1


def test_room_for_taps_and_refusals() -> None:
    call = Call(text_of(9), taps=np.empty(0, TAP))
    assert call.run() == Need.TAPS
    call.arguments["taps"] = np.empty(5, TAP)
    assert call.run() == Need.TAPS
    assert call["progress"]["taps"][0] == 5
    call.arguments["taps"] = np.concatenate([call["taps"], np.empty(5, TAP)])
    assert call.run() == Need.DONE
    assert call["taps"]["source_line"][:9].tolist() == list(range(9))
    call = Call(b"\n" * 9, refusals=np.empty(8, REFUSAL))
    assert call.run() == Need.REFUSALS
    call.arguments["refusals"] = np.empty(9, REFUSAL)
    assert call.run() == Need.DONE
    assert call["refusals"][8].tolist() == (8, 8, 0, 0, Code.EMPTY_RECORD, 0, 0)


@pytest.mark.parametrize("column", ["device", "line", "vehicle", "stop", "in_stop"])
def test_room_for_codes(column: str) -> None:
    """A row that found no room is done again, and enters nothing twice."""
    lines = [sender.line_of(**{column: f"code number {n}"}) for n in range(2000)]
    text = "".join(line + "\n" for line in lines).encode()
    call = Call(text, taps=np.empty(2000, TAP))
    rounds = 0
    while (need := call.run()) != Need.DONE:
        assert need == Need.CODES
        rounds += 1
        for table in call.tables.values():
            table.grow_if_half_full()
    assert rounds > 1
    assert call["progress"]["records"][0] == 2000
    kind = "stop" if column == "in_stop" else column
    codes = call.tables[kind].list_codes(slice(4 if kind == "stop" else 1, None))
    assert [code for _, code in codes] == [f"code number {n}" for n in range(2000)]


@pytest.mark.parametrize(("changes", "words"), [
    ({"stop": 10_000},                       "text: .* bytes, expected 128 after"),
    ({"raw": np.empty(3, np.uint8)},         "raw: 3 bytes, expected room"),
    ({"settings": np.zeros(2, SETTINGS)},    "settings: 2 rows"),
    ({"progress": np.zeros(0, PROGRESS)},    "progress: 0 rows"),
    ({"places": np.zeros(5, np.uint8)},      "places: 5 of them"),
    ({"columns": 0},                         "for 0 columns"),
    ({"columns": 255},                       "for 255 columns"),
    ({"columns": 20},                        "places: column 24 of 20"),
    ({"lookups": ()},                        "lookups: 0 of them, expected 10"),
    ({"stop": 20},                           "does not end with a newline"),
])
def test_wrong_calls(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Call(text_of(2), **changes).run()


def test_operators_without_a_rule() -> None:
    call = Call(text_of(1))
    call.arguments["rules"] = call["rules"][:2].copy()
    with pytest.raises(ValueError, match="operators: key 2 has no rule among 2"):
        call.run()


def test_wrong_types() -> None:
    with pytest.raises(ValueError, match="Buffer dtype mismatch"):
        Call(text_of(1), taps=np.empty(4, REFUSAL)).run()
    with pytest.raises(TypeError):
        Call(text_of(1), prefixes=None).run()
    assert Call(text_of(1), prefixes=np.zeros(0, PREFIX)).run() == Need.DONE


def test_the_format_and_the_kernel_have_one_list_of_columns() -> None:
    assert sorted(COLUMNS) == sorted(sender.COLUMNS)
    assert [column.value for column in Column] == list(range(31))
    assert (LONGEST_LINE, LONGEST_CODE, LONGEST_RAW) == (4096, 64, 1024)


def test_layouts_have_no_holes() -> None:
    for dtype, size in ((SETTINGS, 40), (PREFIX, 32), (PROGRESS, 96)):
        assert dtype.itemsize == size
        assert sum(dtype[name].itemsize for name in dtype.names or ()) == size
