"""A sender who gets a refusal has to be told what is wrong, and in which column."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from tests.intake.faults import FIELDS, LINES, LONG
from tests.intake.sender import (
    COLUMNS,
    NETWORK,
    RIDE,
    file_of,
    line_of,
    outcome,
    outcomes,
    read,
    read_paths,
)


@pytest.mark.parametrize(("values", "code", "column"), FIELDS)
def test_fields(tmp_path: Path, values: dict[str, str], code: str, column: str) -> None:
    assert outcome(tmp_path, **values) == (code, column)


@pytest.mark.parametrize("block_bytes", [1 << 20, 64])
def test_lines(tmp_path: Path, block_bytes: int) -> None:
    content = file_of([line for line, _ in LINES] + [line_of()])
    found = outcomes(read(tmp_path, content, block_bytes=block_bytes))
    assert [code for code, _ in found] == [code for _, code in LINES] + ["OK"]


def test_a_last_line_without_its_newline_is_never_believed(tmp_path: Path) -> None:
    whole = file_of([line_of(), line_of(paid="1234")], columns=COLUMNS)
    assert outcomes(read(tmp_path, whole))[-1] == ("OK", "")
    for cut in range(1, len(line_of(paid="1234")) + 1):
        found = outcomes(read(tmp_path, whole[:-cut]))
        assert found == [("OK", ""), ("TRUNCATED_LINE", "")]


def test_the_first_fault_counts(tmp_path: Path) -> None:
    """Give every field a fault, then mend them in the order in which they are checked."""
    faults = {
        "card": "?", "card_seq": "?", "kind": "?", "operator": "?", "mode": "?",
        "tapped_at": "?", "in_at": "?", "stop": "?", "in_stop": "?", "line": LONG,
        "vehicle": LONG, "direction": "?", "device": LONG, "device_seq": "?", "medium": "?",
        "card_kind": "?", "issuer": "?", "due": "?", "paid": "?", "balance_before": "?",
        "distance_m": "?", "tac": "?", "key_version": "?", "algorithm": "?", "born_on": "?",
        "reviewed_until": "?", "correction": "?", "revision": "?", "reason": "?",
        "authorised_by": "?",
    }
    good = {**RIDE, "in_at": "20241125070000", "correction": "cancel", "reason": "other",
            "authorised_by": "one"}
    for column in list(faults):
        assert outcome(tmp_path, **{**good, **faults})[1] == column
        del faults[column]
    assert outcome(tmp_path, **good) == ("OK", "")


def test_a_column_that_the_file_lacks_has_no_number(tmp_path: Path) -> None:
    columns = ("card", "card_seq", "tapped_at", "operator", "device", "device_seq", "mode", "kind",
               "stop")
    line = line_of(columns, operator="rail", mode="metro", kind="ride", tapped_at="")
    intake = read(tmp_path, file_of([line], columns))
    assert outcomes(intake) == [("MISSING_VALUE", "")]
    assert intake.refusals(0).records["field"].tolist() == [0]


def test_a_network_without_cards_has_no_medium_for_a_blank(tmp_path: Path) -> None:
    network = replace(NETWORK, model=msgspec.structs.replace(NETWORK.model, media=["qr"]))
    (tmp_path / "0.csv").write_bytes(file_of([line_of(), line_of(medium="qr")]))
    intake = read_paths([tmp_path / "0.csv"], network=network)
    assert outcomes(intake) == [("MISSING_VALUE", "medium"), ("OK", "")]
