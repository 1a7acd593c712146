"""What a broken or malicious sender can do: a clear refusal, never a crash or a hang."""

from __future__ import annotations

import os
import resource
from pathlib import Path

import pytest

from clearing.intake import reader as reading
from clearing.intake.blocks import Block, Buffers, FileChanged, FileReader, FileUnreadable
from ext.codes import Code
from tests.intake.sender import file_of, line_of, outcomes, read, read_paths

MEGABYTE = 1 << 20


def test_a_line_of_ten_megabytes_is_not_held_in_memory(tmp_path: Path) -> None:
    content = file_of([line_of(), b"x" * (10 * MEGABYTE), line_of(), b"y" * (10 * MEGABYTE)])
    (tmp_path / "0.csv").write_bytes(content)
    with FileReader(tmp_path / "0.csv", 65_536, Buffers()) as reader:
        reader.take_header(content.index(b"\n") + 1)
        for piece in reader.pieces():
            held = len(piece.buffer) if isinstance(piece, Block) else len(piece.head)
            assert held < 3 * 65_536
        reader.close()
    intake = read_paths([tmp_path / "0.csv"], block_bytes=65_536)
    assert [code for code, _ in outcomes(intake)] == ["OK", "LINE_TOO_LONG", "OK", "LINE_TOO_LONG"]
    records = intake.refusals(0).records
    assert records["length"].tolist() == [10 * MEGABYTE] * 2
    assert intake.refusals(0).raw(0) == b"x" * 1024


def test_a_file_that_never_ends_its_line(tmp_path: Path) -> None:
    found = outcomes(read(tmp_path, file_of([]) + b"z" * (3 * MEGABYTE), block_bytes=65_536))
    assert found == [("TRUNCATED_LINE", "")]


def test_a_million_empty_lines(tmp_path: Path) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    intake = read(tmp_path, file_of([]) + b"\n" * MEGABYTE)
    [report] = intake.files
    assert (report.refused, report.code) == (MEGABYTE, Code.TOO_MANY_REFUSED)
    assert "line 2 EMPTY_RECORD" in report.reason
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 400_000     # KB


def test_binary_noise(tmp_path: Path) -> None:
    noise = os.urandom(200_000)
    report = read(tmp_path, file_of([]) + noise).files[0]
    assert report.refused == report.records == noise.count(b"\n") + (not noise.endswith(b"\n"))
    assert read(tmp_path, b"\x7fELF\0\0" + noise).files[0].code == Code.FILE_ENCODING


@pytest.mark.parametrize("change", ["grow", "shrink", "touch"])
def test_a_file_that_changes_while_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                              change: str) -> None:
    path = tmp_path / "0.csv"
    path.write_bytes(file_of([line_of()] * 1000))
    detect_format = reading.detect_format

    def meddle(reader: FileReader, *rest: object) -> object:
        detected = detect_format(reader, *rest)  # type: ignore[arg-type]
        if change == "grow":
            with path.open("ab") as file:
                file.write(line_of().encode() + b"\n")
        elif change == "shrink":
            os.truncate(path, 5000)
        else:
            os.utime(path, (1, 1))
        return detected

    monkeypatch.setattr(reading, "detect_format", meddle)
    with pytest.raises(FileChanged, match="changed while it was read"):
        read_paths([path])


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable, match="cannot be read"):
        read_paths([tmp_path / "missing.csv"])
    with pytest.raises(FileUnreadable, match=r"cannot be read|not a regular file"):
        read_paths([tmp_path])
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileUnreadable, match="not a regular file"):
        read_paths([tmp_path / "pipe"])


def test_no_files_at_all() -> None:
    intake = read_paths([])
    assert (intake.files, intake.chunks) == ([], [])


def test_the_clock_of_the_receiver_decides_what_is_future(tmp_path: Path) -> None:
    content = file_of([line_of(tapped_at="2024-06-01T00:00:00Z")])
    at = 1717200000
    for received_at, code in ((at, "OK"), (at - 600, "OK"), (at - 601, "TIME_IN_FUTURE"),
                              (0, "TIME_IN_FUTURE"), (2**40, "OK")):
        assert outcomes(read(tmp_path, content, received_at=received_at))[0][0] == code
