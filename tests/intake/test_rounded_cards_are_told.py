"""Card numbers that end in zeros where a spreadsheet puts them are taken, and told of."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.intake.sender import file_of, line_of, read

ROUNDED = [f"31000000000000{number}0000" for number in range(3)]
EXACT = [f"31000000000000{number}0017" for number in range(4)]


@pytest.mark.parametrize(("cards", "told"), [
    (ROUNDED,                                   (3, 3)),
    (ROUNDED + EXACT[:3],                       (6, 3)),
    (ROUNDED + EXACT,                           None),      # most are exact
    (ROUNDED[:2],                               None),      # as chance can have it
    ([ROUNDED[0]] * 3,                          (3, 3)),    # several became one
    ([card[:15] for card in ROUNDED],           None),      # a spreadsheet can hold these
    ([card[:15] + "0" for card in EXACT[:3]],   (3, 3)),
    (["31AB00000000000" + "0"] * 3,             None),      # no number
    (ROUNDED + ["31"] * 9,                      (3, 3)),
    ([*ROUNDED[:2], ROUNDED[2] + "x"],          None),      # of records that are taken
], ids=str)
@pytest.mark.parametrize("block_bytes", [300, 1 << 16])
def test_most_of_a_files_long_numbers(cards: list[str], told: tuple[int, int] | None,
                                      block_bytes: int, tmp_path: Path) -> None:
    content = file_of([line_of(card=card, card_seq=str(seq)) for seq, card in enumerate(cards)])
    report = read(tmp_path, content, block_bytes=block_bytes).files[0]
    if told is None:
        assert report.doubts == ""
        return
    assert (report.long_cards, report.rounded_cards) == told
    assert f"of {told[0]} card numbers of more than 15 digits {told[1]} end" in report.doubts
    assert f"(such as {next(card for card in cards if len(card) > 15)})" in report.doubts
