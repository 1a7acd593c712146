"""A reject file is a file of its records' own kind: given again as it is, it comes out the same.

Whoever mends one record of it must not find the others changed, cut, or taken for something else.
"""

from __future__ import annotations

import io
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from clearing.intake.formats.canonical import FORMAT
from clearing.intake.formats.guards import unguard
from clearing.intake.formats.rejects import Rejected, read_columns, write_rejects
from clearing.intake.layout import load_layout
from clearing.intake.layout_model import Layout
from ext.codes import Code
from network.errors import OnecardError
from network.network import Network, load_network
from tests.intake import sender
from tests.intake import test_layouts_are_data as layouts
from tests.intake import test_records_of_one_length as fixed

LONG = b"x" * 2_500_000     # longer than what is copied at once


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Network:
    """The town, with one layout more: records of one length in GB18030."""
    folder = Path(shutil.copytree(sender.FOLDER, tmp_path_factory.mktemp("rejects") / "town"))
    text = (folder / "layouts" / "fixed.toml").read_text("utf-8")
    (folder / "layouts" / "fixed-gb.toml").write_text(
        text.replace('format = "fixed"', 'format = "fixed"\nencoding = "gb18030"'), "utf-8")
    return load_network(str(folder))


def rejects_of(intake: Any, content: bytes, town: Network) -> tuple[bytes, list[str]]:
    """The reject file of the only file that was read, and the refusals' codes in its order."""
    [report] = intake.files
    assert not report.code, report.reason
    refusals = intake.refusals(0)
    rows = [Rejected(*(int(row[name]) for name in ("offset", "line", "code", "field")),
                     refusals.raw(index)) for index, row in enumerate(refusals.records)]
    layout = None if report.layout == FORMAT else load_layout(town.folder.path, report.layout)
    out, source = io.BytesIO(), io.BytesIO(content)
    source.name = str(report.path)      # type: ignore[attr-defined]
    write_rejects(out, source, layout, rows)
    return out.getvalue(), [Code(code).name for code in refusals.records["code"].tolist()]


def read(folder: Path, content: bytes, layout: str, town: Network) -> Any:
    return sender.read(folder, content, layout=None if layout == FORMAT else layout, network=town)


CANONICAL = sender.file_of([
    sender.line_of(), sender.line_of(card_kind="cat"), sender.line_of(tapped_at="never"),
    sender.line_of(device="\0"), b"\xff" + sender.line_of().encode(), LONG,
    sender.line_of(paid="2.5").replace("20241125073000", '"20241125073000"'),
    sender.line_of() + '"', sender.line_of() + ",more", "#trailer,1,0,0", "", ",,",
    sender.line_of(vehicle="x" * 4000)]) + sender.line_of(paid="200").encode()
RECORDS = {
    FORMAT: CANONICAL,
    "crlf": CANONICAL.replace(b"\n", b"\r\n"),
    "old": layouts.old(*(line for line, _, _ in layouts.CASES), b"#trailer,1,0,0") + b"cut",
    "web": layouts.rides(*(record for record, _, _ in layouts.OBJECTS)),
    "fixed": b"\xef\xbb\xbf" + b"\n".join(line for line, _, _ in fixed.CASES) + b"\n" + LONG
    + b"\n" + fixed.good()[:-1],
    "fixed-gb": b"\r\n".join([*(line for line, _, _ in fixed.CASES if line.isascii()),
                              fixed.good(stop="站三".encode("gb18030").decode("latin-1")),
                              b"\xff" * 520]) + b"\r\n" + fixed.good(),
}


@pytest.mark.parametrize("kind", RECORDS)
def test_as_it_is(kind: str, tmp_path: Path, town: Network) -> None:
    """Nothing of it is accepted, every record is refused for the same, and is there whole."""
    content, layout = RECORDS[kind], FORMAT if kind == "crlf" else kind
    delimiter = b";" if kind == "old" else b","
    first = read(tmp_path, content, layout, town)
    again, codes = rejects_of(first, content, town)
    assert len(set(codes)) > 5
    second = read(tmp_path, again, layout, town)
    assert (second.files[0].layout, second.files[0].accepted) == (layout, 0)
    if not layout.startswith("fixed"):      # an editor ends the line that was cut
        assert read(tmp_path, again + b"\n", layout, town).files[0].accepted == 0
    third, codes_again = rejects_of(second, again, town)
    for code in set(codes) - {"EMPTY_RECORD"}:      # with a code behind it, it is not empty
        assert codes_again.count(code) >= codes.count(code)
    assert len(codes_again) == len(codes)
    for refusal in first.refusals(0).records:
        start = int(refusal["offset"])
        record = content[start:start + int(refusal["length"])]
        if layout == "web":     # its last keys are code and reason
            record = record.removesuffix(b"}")
        assert record in unguard(again, delimiter)
        assert record in unguard(third, delimiter)
    assert len(third) < len(again) + 20 * len(codes), "code and reason do not pile up"
    fourth, _ = rejects_of(read(tmp_path, third, layout, town), third, town)
    assert len(fourth) == len(third)


@settings(max_examples=60, deadline=None, phases=[Phase.generate])
@given(st.sampled_from(sorted(RECORDS)), st.data())
def test_whatever_is_done_to_a_file(town: Network, tmp_path_factory: pytest.TempPathFactory,
                                    kind: str, data: st.DataObject) -> None:
    """However often what is refused comes back, nothing of it is ever taken."""
    content, layout = RECORDS[kind].replace(LONG, b"x" * 5_000), FORMAT if kind == "crlf" else kind
    for _ in range(data.draw(st.integers(0, 4))):
        at = data.draw(st.integers(0, len(content)))
        content = content[:at] + data.draw(st.binary(max_size=4) | st.sampled_from(
            [b"\n", b"\r\n", b"\0", b"\t", b'"', b"\x81", b",", b";", b"#trailer", b" " * 70,
             b',COLUMN_COUNT,"line 4: "'])) + content[at + data.draw(st.integers(0, 5)):]
    folder = tmp_path_factory.mktemp("any")
    intake = read(folder, content, layout, town)
    for _ in range(3):
        if intake.files[0].code or not intake.files[0].refused:
            return
        records = intake.files[0].refused
        content, _ = rejects_of(intake, content, town)
        intake = read(folder, content, layout, town)
        assert (intake.files[0].code, intake.files[0].accepted) == (0, 0), content
        assert intake.files[0].records == records


def test_a_mended_record_is_taken(tmp_path: Path, town: Network) -> None:
    """As somebody mends it: the value is put right, code and reason stay where they are."""
    content = sender.file_of([sender.line_of(), sender.line_of(paid="2,00"),
                              sender.line_of(card_seq="8", tapped_at="20241325073000")])
    again, codes = rejects_of(read(tmp_path, content, FORMAT, town), content, town)
    assert codes == ["COLUMN_COUNT", "TIME_INVALID"]
    mended = again.replace(b"2,00", b"200").replace(b"20241325", b"20241225")
    intake = read(tmp_path, mended, FORMAT, town)
    assert (intake.files[0].accepted, intake.files[0].refused, intake.files[0].paid) == (1, 1, 200)


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("kind", ["old", "fixed-gb"])
def test_who_writes_chinese_reads_chinese(tmp_path: Path, town: Network, kind: str, mark: bytes
                                          ) -> None:
    """With the columns' own names; and what is behind a record is known by it."""
    content = mark + RECORDS[kind].decode("gb18030", "replace").encode(
        "utf-8" if mark else "gb18030", "replace")
    again, codes = rejects_of(read(tmp_path, content, kind, town), content, town)
    text = again.decode("utf-8" if mark else "gb18030")
    assert "line 2" not in text
    assert "行：该行的字段比表头多或少，或长度与版式不同；含逗号的字段请加引号" in text
    assert "行，时间：时间不存在，或不是 20241125073000" in text or kind == "fixed-gb" or mark
    third, codes_again = rejects_of(read(tmp_path, again, kind, town), again, town)
    assert len(third) < len(again) + 20 * len(codes)
    assert len(codes_again) == len(codes)


def test_another_file_than_was_refused(tmp_path: Path, town: Network) -> None:
    """A reject file has the records that were refused, or it is not written."""
    content = sender.file_of([sender.line_of(card_kind="cat")])
    intake = read(tmp_path, content, FORMAT, town)
    with pytest.raises(OnecardError, match="line 2 is not what it was when it was refused"):
        rejects_of(intake, content.replace(b"3100", b"3200"), town)


@pytest.mark.parametrize(("layout", "content", "columns"), [
    ({"format": "csv"}, "\ufeffa,\"b,c\"\n1,2\n".encode(), ["a", "b,c"]),
    ({"format": "csv", "encoding": "gb18030", "head_rows": 1}, "表\n卡号,时间\n".encode("gb18030"),
     ["卡号", "时间"]),
    ({"format": "csv", "header": ["x", "y"]}, b"", ["x", "y"]),
    ({"format": "csv"}, b"", []),
])
def test_columns_are_called_as_the_file_calls_them(layout: dict[str, Any], content: bytes,
                                                   columns: list[str]) -> None:
    assert read_columns(io.BytesIO(content), Layout(title="a file", **layout)) == columns
