"""Same inputs, same answer: however a file is cut into blocks, and whoever decodes them."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from clearing.intake.intake import Intake
from clearing.intake.known_numbers import KnownNumbers
from network.names import Name, Names
from tests.intake.sender import RAIL, RIDE, all_taps, file_of, line_of, outcomes, read


def some_lines(count: int, seed: int = 5) -> list[str | bytes]:
    """Records of many codes and cards, with refused ones of every sort among them."""
    draw = random.Random(seed)
    lines: list[str | bytes] = []
    for n in range(count):
        tram = {**RAIL, "operator": "tram", "stop": f"T{n}"}
        values = draw.choice([{}, {}, {}, RAIL, RIDE, tram])
        lines.append(line_of(**{
            **values, "card": f"31{draw.randrange(10**9):09}", "card_seq": str(n),
            "device": f"D{draw.randrange(40)}", "line": draw.choice(["", "B1", "M433(福永）"]),
            "vehicle": draw.choice(["", f"V{n}", '"V,1"']), "paid": draw.choice(["", "100"])}))
        if draw.random() < 0.2:
            lines.append(draw.choice([
                b"", b",,,", line_of(operator="taxi"), line_of(due="x"), b"\0", b"\xff",
                b"a" * 5000, b"b" * 4097, b"c" * 4096, line_of(device='"D"x'), b"#trailer,1",
                line_of() + "\r"]))
    return lines


def answer(intake: Intake, names: Names) -> tuple[Any, ...]:
    """All that may come out of an intake."""
    refusals = [intake.refusals(report.index) for report in intake.files]
    return (
        all_taps(intake, names).tobytes(),
        [part.records.tobytes() for part in refusals],
        [[part.raw(index) for index in range(len(part))] for part in refusals],
        [(report.digest, report.records, report.accepted, report.due, report.paid, report.code)
         for report in intake.files],
        names.unstored(),
    )


@pytest.mark.parametrize("ending", [b"", b"cut", b"d" * 4096, b"d" * 9000, b"#", b"#trail"])
def test_block_sizes_and_threads(tmp_path: Path, ending: bytes) -> None:
    content = file_of(some_lines(300)) + ending
    names = Names()
    wanted = answer(read(tmp_path, content, names=names, partitions=8), names)
    for threads, block_bytes in ((1, 1), (1, 13), (2, 61), (2, 500), (1, 4096), (2, 4097),
                                 (4, 5000), (2, 100_000)):
        names = Names()
        intake = read(tmp_path, content, names=names, partitions=8, threads=threads,
                      block_bytes=block_bytes)
        assert answer(intake, names) == wanted, (threads, block_bytes)


def test_every_length_of_block_around_a_line_end(tmp_path: Path) -> None:
    content = file_of([line_of(), line_of() + "\r", "", "x" * 4099, line_of(), "#t", line_of()])
    wanted = outcomes(read(tmp_path, content))
    for block_bytes in range(1, 300):
        assert outcomes(read(tmp_path, content, block_bytes=block_bytes)) == wanted


def test_files_in_any_order_and_parts(tmp_path: Path) -> None:
    """The numbers of codes depend on the codes alone."""
    lines = some_lines(200)
    whole, seen = Names(), []
    all_taps(read(tmp_path, file_of(lines), names=whole), whole)
    for parts in ([lines[:50], lines[50:]], [lines[50:], lines[:50]], [lines[::2], lines[1::2]]):
        names = Names()
        intake = read(tmp_path, *(file_of(part) for part in parts), names=names, threads=2,
                      block_bytes=2000)
        taps = all_taps(intake, names)
        seen.append(sorted(
            taps[["card_lo", "card_seq", "stop", "line", "vehicle", "device"]].tolist()))
        assert names.unstored() == whole.unstored()
    assert seen[0] == seen[1] == seen[2]


def test_known_codes_keep_their_numbers(tmp_path: Path) -> None:
    content = file_of([line_of(device=f"D{n}") for n in range(20)])
    names = Names([Name("device", 1, "bus", "D7"), Name("device", 2, "rail", "D1")])
    all_taps(read(tmp_path, content, names=names), names)
    assert names.find("device", "D7", "bus") == 1
    assert names.count("device") == 22
    codes = [names.code("device", number) for number in range(3, 22)]
    assert codes == sorted(codes)


def test_files_that_do_not_count_leave_no_codes(tmp_path: Path) -> None:
    kept, dropped = file_of([line_of(device="A")]), file_of([line_of(device="B", stop="there")])
    names = Names()
    taps = all_taps(read(tmp_path, kept, dropped, names=names), names, {0: 9})
    assert taps["source_file"].tolist() == [9]
    assert names.find("device", "B", "bus") is None
    assert names.find("stop", "there", "bus") is None
    assert names.find("device", "A", "bus") == 1


def test_files_that_are_refused_leave_no_codes(tmp_path: Path) -> None:
    kept = file_of([line_of(device="A")])
    refused = file_of([line_of(device="B", stop="there")]) + b"#trailer,1,0,0,no\n"
    for contents in ((kept, refused), (refused, kept), (refused,)):
        names = Names()
        all_taps(read(tmp_path, *contents, names=names), names)
        assert names.find("device", "B", "bus") is None
        assert names.find("stop", "there", "bus") is None
        assert names.count("device") == len(contents)


def test_refused_records_leave_no_codes(tmp_path: Path) -> None:
    names = Names()
    content = file_of([line_of(device="B", line="L", vehicle="V", stop="S", due="x")])
    all_taps(read(tmp_path, content, names=names), names)
    assert [names.count(kind) for kind in ("device", "line", "vehicle")] == [1, 1, 1]
    assert names.find("stop", "S", "bus") is None


def test_more_codes_than_the_tables_first_hold(tmp_path: Path) -> None:
    lines = [line_of(device=f"D{n:05}", stop=f"S{n % 3000:060}", line=f"L{n % 999}",
                     vehicle=f"V{n}") for n in range(20_000)]
    for threads in (1, 2):
        names = Names()
        intake = read(tmp_path, file_of(lines), names=names, threads=threads, block_bytes=50_000)
        taps = all_taps(intake, names)
        assert [names.code("device", number) for number in taps["device"].tolist()] == [
            f"D{n:05}" for n in range(20_000)]
        assert [names.code("stop", number) for number in taps["stop"].tolist()] == [
            f"S{n % 3000:060}" for n in range(20_000)]


def test_taps_of_a_card_are_in_one_partition(tmp_path: Path) -> None:
    lines = [line_of(card=f"31{n % 50:05}", card_seq=str(n)) for n in range(1000)]
    names = Names()
    intake = read(tmp_path, file_of(lines), names=names, partitions=16, block_bytes=1000)
    intake.number_codes(KnownNumbers(names), {0: 1})
    homes: dict[int, int] = {}
    total = 0
    for part in range(16):
        taps = intake.gather(part)
        total += len(taps)
        assert intake.count(part) == len(taps)
        for card in taps["card_lo"].tolist():
            assert homes.setdefault(card, part) == part
        assert taps["source_line"].tolist() == sorted(taps["source_line"].tolist())
    assert total == 1000
    assert len(set(homes.values())) > 8
