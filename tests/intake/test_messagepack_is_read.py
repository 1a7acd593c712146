"""MessagePack says what JSON says, and is read so: the same taps, and the same refusals."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest

from clearing.intake.formats.rejects import Rejected, write_rejects
from clearing.intake.intake import Intake
from clearing.intake.layout import load_layout
from ext.codes import Code
from network.names import Names
from network.network import Network, load_network
from tests.intake import sender
from tests.intake.test_files_that_operators_send import FIELDS, NAMES, ROWS

RECORDS: list[Any] = [dict(zip(NAMES, row, strict=True)) for row in ROWS]
ODD: list[Any] = [{**RECORDS[0], NAMES[0]: None}, "no record", {}, {**RECORDS[1], "更多": [1, {}]}]


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Network:
    folder = Path(shutil.copytree(sender.FOLDER, tmp_path_factory.mktemp("packed") / "town"))
    for name, keys in (("lines", 'format = "jsonl"'), ("packed", 'format = "msgpack"'),
                       ("below", 'format = "msgpack"\nrecords_at = "a.b"')):
        (folder / "layouts" / f"{name}.toml").write_text(f'title = "x"\n{keys}\n{FIELDS}', "utf-8")
    return load_network(str(folder))


def read(folder: Path, content: bytes, layout: str, town: Network, names: Names) -> Intake:
    return sender.read(folder, content, layout=layout, network=town, names=names)


def lines_of(records: list[Any]) -> bytes:
    return b"".join(json.dumps(one, ensure_ascii=False).encode() + b"\n" for one in records)


@pytest.mark.parametrize("layout", ["packed", "below"])
def test_it_is_as_json(tmp_path: Path, town: Network, layout: str) -> None:
    records, one, other = RECORDS + ODD, Names(), Names()
    packed = msgspec.msgpack.encode({"a": {"b": records}} if layout == "below" else records)
    by_lines = read(tmp_path, lines_of(records), "lines", town, one)
    by_packs = read(tmp_path, packed, layout, town, other)
    assert sender.outcomes(by_packs) == sender.outcomes(by_lines)
    assert by_packs.files[0].accepted >= len(RECORDS) > 0
    fields = ["card_lo", "tapped_at", "paid", "stop", "device"]
    assert (sender.all_taps(by_packs, other)[fields].tolist()
            == sender.all_taps(by_lines, one)[fields].tolist())


def test_what_is_refused_can_be_given_again(tmp_path: Path, town: Network) -> None:
    content = msgspec.msgpack.encode(RECORDS + ODD)
    intake = read(tmp_path, content, "packed", town, Names())
    refusals = intake.refusals(0)
    rows = [Rejected(*(int(row[name]) for name in ("offset", "line", "code", "field")),
                     refusals.raw(index)) for index, row in enumerate(refusals.records)]
    out = io.BytesIO()
    write_rejects(out, io.BytesIO(content), load_layout(town.folder.path, "packed"), rows)
    again = read(tmp_path, out.getvalue(), "packed", town, Names())
    assert (again.files[0].accepted, again.files[0].refused) == (0, len(rows))
    codes = again.refusals(0).records["code"].tolist()      # with a code, {} is not empty any more
    assert codes[:-1] == [one.code for one in rows][:-1]


@pytest.mark.parametrize("content", [
    b"\xdd\x7f\xff\xff\xff\x01",          # a list of two thousand million
    b"\xdf\xff\xff\xff\xff", b"\xc6\xff\xff\xff\xff",     # a map, and bytes, of as many
    b"\x91" * 100_000,                     # lists in lists
    msgspec.msgpack.encode({"a": 1}), msgspec.msgpack.encode([1, 2])[:-1], b"\xc1", b"\x90\x90",
    msgspec.msgpack.encode([msgspec.msgpack.Ext(5, b"x")]),
    b"\x91\xa2\xff\xff",                   # text that is no UTF-8
])
def test_what_is_none_is_refused_whole(tmp_path: Path, town: Network, content: bytes) -> None:
    [report] = read(tmp_path, content, "packed", town, Names()).files
    assert Code(report.code) == Code.FILE_STRUCTURE
    assert "no list of records in MessagePack at '/'" in report.reason
