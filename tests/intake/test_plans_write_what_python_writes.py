"""The kernel of decode plans makes the lines that clearing/intake/formats makes, byte by byte."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clearing.intake.blocks import Block
from clearing.intake.formats.adapt import Adapter, Records
from clearing.intake.formats.canonical import REQUIRED
from clearing.intake.formats.objects import ObjectAdapter
from clearing.intake.formats.plan import Unplanned, compile_plan
from clearing.intake.formats.records import BinaryAdapter, FixedAdapter, place_records
from clearing.intake.layout import SHIPPED, list_layouts, read_layout
from clearing.intake.layout_model import Layout
from ext.intake.adapt import ADAPTING, CellType, Plan, adapt_lines, adapt_records, find_records
from ext.intake.decode import LONGEST_LINE, TEXT_PAD
from network.civil import Clock

pytestmark = pytest.mark.kernels

SOME = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
CLOCK = Clock("Asia/Shanghai", datetime.date(2024, 1, 1))
COLUMNS = ("a", "b", "c", "d", "e", "f", "g")
FIELDS = """
[fields]
card = { column = "a", strip = true, drop_suffix = ".0", slice = [1, 20] }
card_seq = { from_time = true }
tapped_at = { columns = ["b", "c"], time = ["%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S"] }
operator = { constant = "hk-bus" }
device = [{ column = "d", blank = ["-", "无"] }, { constant = "站" }]
device_seq = { constant = "0" }
mode = { constant = "bus" }
kind = { column = "e", map = { "06" = "single", "公交行程一号线" = "ride" }, default = "in" }
in_at = { column = "g", when = { e = ["公交行程一号线", "x"] }, time = ["%Y%m%d"], utc = true }
stop = { column = "d", prefix = { "站" = "S", "站台" = "P", "" = "" } }
line = { columns = ["d", "e"] }
paid = { column = "f", decimals = 2 }
due = { column = "f", map = { "免费" = "0" } }
born_on = { column = "g", date = ["%Y%m%d"] }
reviewed_until = { column = "g", when = { f = ["2"] }, date = ["%Y年%m月%d日"] }
"""
DELIMITED = {
    "commas": "", "bars": 'delimiter = "|"\n',
    "tabs in GB18030": 'delimiter = "\\t"\nencoding = "gb18030"\n',
    "bars in GBK": 'delimiter = "|"\nencoding = "gbk"\n',
    "commas in GB2312": 'encoding = "gb2312"\n',
}
# In GB18030 the second byte of 亅 is a bar's; what follows it needs four bytes; U+3000 is a space.
VALUES = ["", "1", "3105000020000000035", " 3105000020000000035.0 ", "12345678901234567890.0",
          "2024-11-25", "2024-02-30", "2024/11/25", "07:05:26", "7:05:26", "23:59:60", "24:00:00",
          "20241125", "19691231", "00010101", "2024年11月25日", "06", "x", "-", "无",
          "公交行程一号线", "站", "站台", "站台东", " 站", "站\u3000", "\u3000", "\x1fx",
          "亅", "ß", "㐀", "𠀀", "2.00", "2", "-2.5", "0.07", "2.005", "2.000",
          "2.", ".5", "免费", "1,5", "¥2",
          "a|b", "a\tb", 'q"', '"q"', '""', '"',
          '"a""b"', '"a,b"', '"a|b"', ' "q"', '"q" ', '"站"',
          "\r", "\0", "１２", "x" * 60, "站" * 30]
TIMES = st.sampled_from(["2024-11-25", "2024-02-29", "1970-01-01", "9999-12-31"])


def read(folder: Path, text: str) -> Layout:
    path = folder / "x.toml"
    path.write_text(text, "utf-8")
    return read_layout(path)


def agree(adapter: Adapter, piece: Block | Records) -> int:
    """Hold the plan's lines to Python's: how many records the plan left."""
    left: list[bytes] = []
    convert = adapter.convert_many
    with mock.patch.object(adapter, "convert_many",
                           lambda records: left.extend(records) or convert(records)):
        planned = adapter.adapt(piece)
    assert adapter._plan is not None
    with mock.patch.object(adapter, "_plan", None):
        plain = adapter.adapt(piece)
    assert bytes(planned.block.buffer[:planned.block.stop]) == bytes(
        plain.block.buffer[:plain.block.stop])
    assert planned.offsets.tolist() == plain.offsets.tolist()
    assert planned.lengths.tolist() == plain.lengths.tolist()
    assert planned.faults == plain.faults
    return len(left)


def block(lines: bytes) -> Block:
    """Lines somewhere in a file, with what is no text behind them."""
    return Block(bytearray(lines + b"\xff" * TEXT_PAD), len(lines), 7)


@pytest.fixture(scope="module")
def adapters(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Adapter]:
    folder = tmp_path_factory.mktemp("layouts")
    found: dict[str, Adapter] = {}
    for name, keys in DELIMITED.items():
        layout = read(folder, f'title = "x"\nformat = "csv"\n{keys}{FIELDS}')
        found[name] = Adapter(layout, COLUMNS, CLOCK, notes=name == "bars")
    for longer in ("false", "true"):
        found[f"longer = {longer}"] = FixedAdapter(read(
            folder, 'title = "x"\nformat = "fixed"\nencoding = "gb18030"\nrecord_bytes = 61\n'
            f"longer = {longer}\n{PLACES}{FIELDS}"), CLOCK)
    found["bytes"] = BinaryAdapter(read(
        folder, 'title = "x"\nformat = "binary"\nrecord_bytes = 41\n'
        f"length = {{ start = 0, width = 1, unit = 64 }}\n{BYTES}{FIELDS}"), CLOCK)
    for name, form in (("objects", "jsonl"), ("list", "json")):
        layout = read(folder, f'title = "x"\nformat = "{form}"\n{FIELDS}')
        found[name] = ObjectAdapter(layout, tuple(layout.sources()), CLOCK)
    return found


@st.composite
def rows(draw: st.DrawFn, layout: Layout) -> bytes:
    """Lines of a layout, good and bad."""
    lines = []
    for _ in range(draw(st.integers(1, 6))):
        values = draw(st.lists(st.sampled_from(VALUES) | st.text(max_size=3), min_size=6,
                               max_size=9) if draw(st.integers(0, 3)) == 0 else st.tuples(
            st.just("310500002"), TIMES, st.just("07:05:26"), *[st.sampled_from(VALUES)] * 4))
        text = layout.delimiter.join(values)
        lines.append(text.encode(draw(st.sampled_from([layout.encoding, "utf-8"])), "replace"))
        if draw(st.integers(0, 9)) == 0:
            lines[-1] += draw(st.binary(max_size=3))
    end = draw(st.sampled_from([b"\n", b"\r\n"]))
    return end.join(lines) + end


@pytest.mark.parametrize("name", DELIMITED)
@SOME
@given(data=st.data())
def test_lines_with_separators(adapters: dict[str, Adapter], name: str,
                               data: st.DataObject) -> None:
    agree(adapters[name], block(data.draw(rows(adapters[name]._layout))))


@pytest.mark.parametrize("name", DELIMITED)
def test_plain_lines_are_not_left(adapters: dict[str, Adapter], name: str) -> None:
    """Or nothing would be gained; and lines as long as may be, one more being left."""
    layout = adapters[name]._layout
    for kind in ("公交行程一号线", "06", "x"):
        values = ["13105000020000000035.0", "2024-11-25", "07:05:26", "站台", kind, "2.5",
                  "20241125"]
        line = layout.delimiter.join(values).encode(layout.encoding)
        longest = line.replace(b"2.5", b"2" * (LONGEST_LINE - len(line) + 3))
        assert len(longest) == LONGEST_LINE
        assert agree(adapters[name], block((line + b"\r\n" + longest + b"\n") * 40)) == 0
        assert agree(adapters[name], block(longest + b"2\n")) == 1
        quoted = layout.delimiter.join(f'"{value}"' for value in values).encode(layout.encoding)
        assert agree(adapters[name], block(quoted + b"\n" + quoted[:-1] + b"\n")) == 1


PLACES = """
[columns]
a = { start = 1, width = 19, pad = "F" }
b = { start = 20, width = 10 }
c = { start = 31, width = 8 }
d = { start = 39, width = 4 }
e = { start = 43, width = 2 }
f = { start = 45, width = 8, type = "hex_number" }
g = { start = 53, width = 8 }
"""


@pytest.mark.parametrize("longer", ["false", "true"])
@SOME
@given(data=st.data())
def test_lines_of_one_length(adapters: dict[str, Adapter], longer: str,
                             data: st.DataObject) -> None:
    adapter = adapters[f"longer = {longer}"]
    line = b"_1310500002FFFFFFFFF2024-11-25 07:05:26M   060000000A20241125"
    assert len(line) == 61
    lines = []
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, 61))
        put = data.draw(st.sampled_from([b"", b" ", b"F", b"g", b",", b'"', b"\0", b"\xd5\xbe",
                                         b"0x", b"  ", b"\t", b"\r"]) | st.binary(max_size=2))
        lines.append(line[:start] + put + line[start + data.draw(st.sampled_from(
            [len(put), len(put), 0, 1])):])
    agree(adapter, block(b"\n".join(lines) + b"\n"))
    assert agree(adapter, block(line + b"\n")) == 0


@pytest.mark.parametrize(("encoding", "letter"), [("gb18030", "站"), ("gb18030", "亅"),
                                                  ("utf-8", "站"), ("gb18030", "ß"),
                                                  ("gb18030", "㐀"), ("latin-1", "ß")])
def test_letters_in_lines_of_one_length(tmp_path: Path, encoding: str, letter: str) -> None:
    """Wherever they stand: within a column, between two, in both at once, in what is not read."""
    layout = read(tmp_path, f'title = "x"\nformat = "fixed"\nencoding = "{encoding}"\n'
                  f"record_bytes = 61\nlonger = true\n{PLACES}"
                  f"z = {{ start = 30, width = 1 }}\n{FIELDS}")
    adapter = FixedAdapter(layout, CLOCK)
    line = b"_1310500002FFFFFFFFF2024-11-25 07:05:26M   060000000A20241125 Fx   "
    data = letter.encode(encoding)
    few = [agree(adapter, block(line[:at] + data + line[at + len(data):] + b"\n"))
           for at in range(len(line) - 3)]
    plain = (encoding, letter) in (("gb18030", "站"), ("gb18030", "亅"), ("utf-8", "站"))
    assert (0 in few[39:43], 1 in few[39:43]) == (plain, True)


BYTES = """
[columns]
a = { start = 1, width = 10, type = "bcd", pad = "F" }
b = { start = 11, width = 10, pad = "F" }
c = { start = 21, width = 8 }
d = { start = 29, width = 3, type = "hex", pad = "f" }
e = { start = 32, width = 1, type = "hex" }
f = { start = 33, width = 4, type = "little_endian" }
g = { start = 37, width = 4, type = "bcd" }
"""
RECORD = (b"\1" + bytes.fromhex("0310500002FFFFFFFFFF") + b"2024-11-25" + b"07:05:26"
          + bytes.fromhex("31ABFF06") + (250).to_bytes(4, "little") + bytes.fromhex("20241125"))


@SOME
@given(data=st.data())
def test_records_of_bytes(adapters: dict[str, Adapter], data: st.DataObject) -> None:
    """Of 41 bytes and more; the last ones of a file are left."""
    adapter = adapters["bytes"]
    layout = adapter._layout
    records = []
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(1, 40))
        put = data.draw(st.sampled_from([b"\0", b"F", b"0x", b"9", b"\xff" * 40, b"\0" * 40, b",",
                                         b"\xe7\xab\x99", b" " * 9]) | st.binary(max_size=10))
        records.append((RECORD[:start] + put + RECORD[start + len(put):])[:41].ljust(64, b"\0"))
    content = b"".join(records)
    agree(adapter, Records(content, *place_records(content, layout)))
    content = RECORD.ljust(64, b"\0") * 9
    assert agree(adapter, Records(content, *place_records(content, layout))) == 2


RAW = ["0", "-0", "7", "-7", "00", "0.50", "-0.0", "1.", ".5", "1e5", "2.5E1", "true", "false",
       "null", "nul", "[]", "{}", '{"a": 1}', "9" * 18, "9" * 19, "9" * 40, "0." + "1" * 40, "NaN",
       "+1", "", '"\\u7ad9"', '"\\n"', '"\t"', '"\x7f"', "'x'", '"x', '"a": "b"', '"x"y',
       '"' + "x" * 5000 + '"']
SPACES = st.sampled_from(["", "", " ", "\t", "  ", "\r", "\x0b", "\u3000"])


@st.composite
def objects(draw: st.DrawFn) -> bytes:
    """A JSON object, good or bad."""
    names = draw(st.lists(st.sampled_from([*COLUMNS, "zz", "other name", "站台一二三"]), min_size=1,
                          max_size=9))
    parts = []
    for name in names:
        plain = {"b": "2024-11-25", "c": "07:05:26", "g": "20241125"}.get(name, "06")
        value = json.dumps(plain) if draw(st.booleans()) else draw(st.sampled_from(RAW) | st.builds(
            json.dumps, st.sampled_from(VALUES) | st.integers() | st.text(max_size=9),
            ensure_ascii=st.booleans()))
        parts.append(f'{draw(SPACES)}"{name}"{draw(SPACES)}:{draw(SPACES)}{value}{draw(SPACES)}')
    text = draw(SPACES) + "{" + ",".join(parts) + "}" + draw(SPACES)
    data = text.encode("utf-8", "surrogatepass")
    if draw(st.integers(0, 2)) == 0:
        start = draw(st.integers(0, len(data)))
        data = data[:start] + draw(st.binary(max_size=2) | st.sampled_from(
            [b",", b"}", b"{", b'"', b"\xed\xa0\x80"])) + data[start + draw(st.integers(0, 2)):]
    return data


OBJECT = ('{"a": "1310500002", "b": "2024-11-25", "c": "07:05:26", "d": "站", "zz": true, "e": 6, '
          '"f": -2.50, "g": null}')


@SOME
@given(rows=st.lists(objects(), min_size=1, max_size=3))
def test_objects(adapters: dict[str, Adapter], rows: list[bytes]) -> None:
    """One to a line, or in a list."""
    content = b"\n".join(rows) + b"\n"
    agree(adapters["objects"], block(content))
    sizes = np.array([len(row) for row in rows], dtype=np.uint32)
    starts = (np.cumsum(sizes + 1) - sizes - 1).astype(np.uint64)
    agree(adapters["list"], Records(content + b"1" * TEXT_PAD, starts, sizes))


@pytest.mark.parametrize(("old", "new", "left"), [
    ("", "", 0),
    ('"07:05:26"', '"x", "c": "07:05:26"', 0),      # the last counts
    ("true", "[true]", 1),
    ("true", "false", 0),
    ("-2.50", "-2.5e0", 1),
    ("-2.50", "999999999999999999", 0),
    ("-2.50", "9999999999999999999", 1),
    ("站", "\\u7ad9", 1),
    ("站", "a,b", 1),
    ("}", "} ", 0),
    ("}", "}}", 1),
    ("}", "", 1),
    ('"d": "站"', '"d": "站' + "x" * 3000 + '"', 0),
])
def test_plain_objects_are_not_left(adapters: dict[str, Adapter], old: str, new: str,
                                    left: int) -> None:
    assert agree(adapters["objects"], block(OBJECT.replace(old, new, 1).encode() + b"\n")) == left


@pytest.mark.parametrize("kind", ["big_endian", "little_endian"])
def test_integers_of_bytes(tmp_path: Path, kind: str) -> None:
    """To the largest that fit."""
    for width in range(1, 9):
        layout = read(tmp_path, 'title = "x"\nformat = "binary"\nrecord_bytes = 8\n[columns]\n'
                      f'n = {{ start = 0, width = {width}, type = "{kind}" }}\n' + "[fields]\n"
                      + "".join(f'{name} = {{ column = "n" }}\n' for name in REQUIRED))
        content = b"".join(number.to_bytes(8, "big") for number in (
            1, 256, 10**18, 2**63, 2**64 - 2)) + b"1" * TEXT_PAD
        assert agree(BinaryAdapter(layout, CLOCK), Records(
            content, *place_records(content, layout))) == TEXT_PAD // 8


@pytest.mark.parametrize("name", list_layouts(SHIPPED))
def test_shipped_layouts_have_a_plan(name: str) -> None:
    layout = read_layout(SHIPPED / f"{name}.toml")
    if layout.format in ("fixed", "binary") and layout.fields:      # without, it holds no taps
        adapter = FixedAdapter if layout.format == "fixed" else BinaryAdapter
        assert adapter(layout, CLOCK)._plan is not None


@pytest.mark.parametrize(("keys", "fields"), [
    ('encoding = "latin-1"\n', FIELDS),
    ('delimiter = "，"\n', FIELDS),
    ("", FIELDS.replace("%Y-%m-%d %H:%M:%S", "%d %b %Y")),
    ("", FIELDS.replace("%Y-%m-%d %H:%M:%S", "\\u0001%Y-%m-%d")),
    ("", FIELDS.replace('"hk-bus"', '"hk,bus"')),
    ("", FIELDS.replace("strip = true", "tidy = true")),
    ("", FIELDS.replace("strip = true", 'drop = " "')),
    ("", FIELDS.replace('default = "in"', "default = '\"'")),
    ("", FIELDS.replace('{ "免费" = "0" }',
                        "{ " + ", ".join(f'"{n}" = "0"' for n in range(2000)) + " }")),
])
def test_what_a_plan_cannot_say(tmp_path: Path, keys: str, fields: str) -> None:
    """Is converted in Python, all of it."""
    layout = read(tmp_path, f'title = "x"\nformat = "csv"\n{keys}{fields}')
    places = {name: place for place, name in enumerate(COLUMNS)}
    assert compile_plan(layout, places, (7, 7), list(layout.fields), CLOCK) is None
    assert not str(Unplanned())


def plan_of(adapter: Adapter) -> Plan:
    assert adapter._plan is not None
    return adapter._plan


def test_text_has_as_much_room_as_it_needs(tmp_path: Path) -> None:
    """A line that is written is much longer than the one that it is of."""
    fields = FIELDS.replace('"hk-bus"', f'"{"x" * 4000}"')
    layout = read(tmp_path, f'title = "x"\nformat = "csv"\n{fields}')
    assert agree(Adapter(layout, COLUMNS, CLOCK), block(
        b"13105000020,2024-11-25,07:05:26,M,06,2.5,\n" * 90)) == 0


def arrays(rows: int) -> list[Any]:
    return [np.zeros(rows, np.uint64), np.zeros(rows, np.uint32), np.zeros(rows, np.uint32),
            np.zeros(rows, np.uint64)]


def test_arguments_are_looked_at(adapters: dict[str, Adapter]) -> None:
    plan, text = plan_of(adapters["commas"]), bytearray(4096)
    data, progress = b"x\n" + bytes(TEXT_PAD), np.zeros(1, dtype=ADAPTING)
    assert adapt_lines(plan, data, 2, *arrays(1), text, progress)
    assert (int(progress["records"][0]), int(progress["left"][0])) == (1, 1)
    with pytest.raises(ValueError, match="data: 130 bytes, expected 128 after"):
        adapt_lines(plan, data, 3, *arrays(1), text, progress)
    with pytest.raises(ValueError, match="does not end with a newline"):
        adapt_lines(plan, data, 1, *arrays(1), text, np.zeros(1, dtype=ADAPTING))
    with pytest.raises(ValueError, match="expected as many of each"):
        adapt_lines(plan, data, 2, np.zeros(2, np.uint64), *arrays(1)[1:], text, progress)
    with pytest.raises(ValueError, match="its records are lines"):
        adapt_records(plan, data, *arrays(1), text, progress)
    with pytest.raises(ValueError, match="progress: 2 rows, expected 1"):
        adapt_lines(plan, data, 2, *arrays(1), text, np.zeros(2, dtype=ADAPTING))
    with pytest.raises(ValueError, match="1 bytes from 4 on, in records of 4; starts: 1, sizes: 1"):
        find_records(data, 4, 4, 1, CellType.BCD, 1, 0, *arrays(1)[:2])
