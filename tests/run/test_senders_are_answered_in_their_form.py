"""Who sends a centre's files is answered by files of that centre: FB for records, LD for files."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from clearing.book import open_book
from clearing.intake.layout import SHIPPED, load_layout
from network.errors import OnecardError, TableError
from tests.fares.folder import write
from tests.intake.test_shipped_layouts_read_real_bytes import centre, read
from tests.run.command import accepted, onecard

HEAD = b"01\n%06d20241126010264100010307" + b"F" * 20 + b"\n"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "network" / "layouts").mkdir(parents=True)
    write(tmp_path / "network")
    text = (SHIPPED / "centre-cl.toml").read_text("utf-8")
    text = text.replace('{ column = "收单机构标识码" }', '{ constant = "bus" }')
    (tmp_path / "network" / "layouts" / "centre-cl.toml").write_text(text, "utf-8")
    return tmp_path


def sent(place: Path, name: str = "CL001") -> Path:
    """Good; another with its counter; of a time that there is not; good; too short."""
    good = centre(feedback=False).replace(b"31050000", b"11050000")
    rows = [good, good.replace(b"000170", b"000180"),
            good.replace(b"001069", b"001070").replace(b"20241125073000", b"20241325073000"),
            good.replace(b"001069", b"001071"), good.replace(b"001069", b"001072")[:300]]
    path = place / name
    path.write_bytes(HEAD % len(rows) + b"".join(row + b"\r\n" for row in rows))
    return path


def clear(place: Path, path: Path) -> list[bytes]:
    """The answers to a file."""
    done = accepted("clear", path, "--layout", "centre-cl", "--network", place / "network",
                    "--book", place / "book", "--json")
    [file] = json.loads(done.out)["files"]
    return [(place / "book" / "acknowledgements" / name).read_bytes()
            for name in file["answer_files"]]


def test_every_record_gets_its_answer(place: Path) -> None:
    with open_book(str(place / "book")):
        feedback, listed = clear(place, sent(place))
        lines = feedback.split(b"\n")
        assert (lines[0], lines[1][:6], lines[1][25:]) == (b"01", b"000005", b"0321" + b"F" * 20)
        assert {len(line) for line in lines[2:-1]} == {361}
        assert [(line[162:168].decode(), line[168:208].decode("gb18030").rstrip())
                for line in lines[2:-1]] == [
            ("CR02  ", "交易重复"), ("CR02  ", "交易重复"), ("CRF4  ", "格式错"),
            ("000000", "正常"), ("CRF4  ", "格式错")]
        # What was sent stands in it as it came, at the places of the answer.
        assert lines[2][98:162] == (b"1105000020000000035 " b"001069" b"000000003000"
                                    b"000000000170" b"20241125073000")
        assert [one.written["错误描述"].strip() for one in read(place, feedback, "centre-fb")] == [
            "交易重复", "交易重复", "格式错", "正常", "格式错"]
        assert listed.split(b"\n")[2].decode("gb18030").split() == ["CL001", "UPF0", "成功"]
        [rejects] = (place / "book" / "acknowledgements").glob("*.rejects.txt")
        assert "TIME_INVALID 第 5 行，交易时间：时间不存在" in rejects.read_text("gb18030")
        before = {path.name: path.read_bytes() for path in
                  (place / "book" / "acknowledgements").iterdir()}
        shutil.rmtree(place / "book" / "acknowledgements")
        accepted("book", "acknowledge", "--book", place / "book")
        assert before == {path.name: path.read_bytes() for path in
                          (place / "book" / "acknowledgements").iterdir()}


def test_a_file_that_is_not_taken(place: Path) -> None:
    with open_book(str(place / "book")):
        path = sent(place)
        good = sent(place, "CL002")
        path.write_bytes(path.read_bytes().replace(b"000005", b"000009", 1))
        done = accepted("clear", path, good, "--layout", "centre-cl", "--network",
                        place / "network", "--book", place / "book", "--json")
        [listed] = [file["answer_files"] for file in json.loads(done.out)["files"]
                    if file["name"] == path.name]
    [answer] = [(place / "book" / "acknowledgements" / name).read_bytes() for name in listed]
    assert answer.split(b"\n")[2].decode("gb18030").split() == ["CL001", "UPF2", "文件解析错误"]


@pytest.mark.parametrize(("old", "new", "said"), [
    ('code = "错误代码"',        'code = "代码"',          "which no column is called"),
    ('line_bytes = 361',        'line_bytes = 290',       "fate.line_bytes is 290"),
    ('NO_FARE = "CRF1 失败"',    'NOFARE = "CRF1 失败"',    "fate.codes has 'NOFARE'"),
    ('"CRF4 格式错"',            '"CRF4444 格式错"',        "expected a code of up to 6 bytes"),
    ('{day}',                   '{today}',                "fate.head cannot be filled in"),
])
def test_an_answer_is_data_that_can_be_written(place: Path, old: str, new: str, said: str) -> None:
    text = (SHIPPED / "centre-fb.toml").read_text("utf-8")
    (place / "network" / "layouts" / "centre-fb.toml").write_text(text.replace(old, new), "utf-8")
    with pytest.raises(TableError, match=said):
        load_layout(place / "network", "centre-fb")


def test_what_is_no_answer_is_refused_before_anything_is_read(place: Path) -> None:
    path = place / "network" / "layouts" / "centre-cl.toml"
    path.write_text(path.read_text("utf-8").replace('"centre-ld"', '"yangzhou"'), "utf-8")
    done = onecard("clear", sent(place), "--layout", "centre-cl", "--network", place / "network",
                   "--book", place / "book")
    assert (done.code, "layout 'yangzhou' is no answer to 'centre-cl'" in done.err) == (2, True)
    with pytest.raises(OnecardError, match="holds no taps"):
        load_layout(place / "network", "centre-ld")
