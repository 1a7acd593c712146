"""What was refused comes back in its sender's own format, and goes in again as soon as it can be.

Operators' files are not onecard-taps/1. Whoever has to type what was refused anew makes new faults.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from clearing.book import open_book
from tests.run.command import accepted, onecard, refused, shown
from tests.run.test_what_closes_is_shown_and_asked import NETWORK

LAYOUTS = {
    "bars": """
title = "Bars, GB18030"
format = "csv"
encoding = "gb18030"
delimiter = "|"
[fields]
card = { column = "卡号", strip = true }
card_seq = { column = "序号" }
tapped_at = { column = "时间", time = ["%Y/%m/%d %H:%M:%S"] }
operator = { constant = "hk-bus" }
device = { column = "机号" }
device_seq = { constant = "1" }
mode = { constant = "bus" }
kind = { constant = "single" }
stop = { column = "站名", strip = true }
card_kind = { column = "卡种" }
paid = { column = "实收" }
""",
    "objects": """
title = "Objects"
format = "json"
records_at = "data.rides"
[fields]
card = { column = "card" }
card_seq = { column = "seq" }
tapped_at = { column = "at" }
operator = { constant = "hk-bus" }
device = { constant = "web" }
device_seq = { column = "seq" }
mode = { constant = "bus" }
kind = { constant = "single" }
stop = { column = "stop" }
card_kind = { column = "kind" }
""",
    "box": """
title = "One length, GB18030"
format = "fixed"
encoding = "gb18030"
record_bytes = 80
[columns]
card = { start = 0, width = 20 }
card_seq = { start = 20, width = 4 }
tapped_at = { start = 24, width = 14 }
operator = { start = 38, width = 6 }
device = { start = 44, width = 4 }
device_seq = { start = 48, width = 4 }
mode = { start = 52, width = 4 }
kind = { start = 56, width = 6 }
stop = { start = 62, width = 10 }
card_kind = { start = 72, width = 8 }
""",
}
CARD = "3105000020000000035"


def bars(*lines: str) -> bytes:
    text = ["卡号|序号|时间|机号|站名|卡种|实收", *lines]
    return "".join(line + "\r\n" for line in text).encode("gb18030")


def box(seq: int, kind: str, at: str = "20241125080000") -> bytes:
    stop = "龙华总站".encode("gb18030").decode("latin-1")
    line = f"{CARD:20}{seq:4}{at:14}hk-bus{'B':4}{seq:4}bus single{stop:10}{kind:8}"
    return line.encode("latin-1") + b"\r\n"


# By layout: a good record, one of a card kind that the network lacks, one that is broken.
FILES = {
    "bars": bars(f"{CARD}|1|2024/11/25 08:00:00|P1| 龙华总站 |ordinary|2.00",
                 f"{CARD}|2|2024/11/25 08:30:00|P1| 龙华总站 |sailor|2.00",
                 f"{CARD}|3|2024/11/25 25:00:00|P1| 龙华总站 |ordinary|2.00"),
    "objects": json.dumps({"data": {"rides": [
        {"card": CARD, "seq": 11, "at": "2024-11-25T09:00:00", "stop": "龙华总站"},
        {"card": CARD, "seq": 12, "at": "2024-11-25T09:30:00", "stop": "龙华总站",
         "kind": "sailor"},
        {"card": CARD, "seq": 13, "at": "never", "stop": "龙华总站"}]}}).encode(),
    "box": box(21, "ordinary") + box(22, "sailor", "20241125083000") + box(23, "", "never"),
}


@pytest.fixture
def town(tmp_path: Path) -> Path:
    """The example, whose operators have formats of their own."""
    folder = Path(shutil.copytree(NETWORK, tmp_path / "town"))
    (folder / "layouts").mkdir()
    for name, text in LAYOUTS.items():
        (folder / "layouts" / f"{name}.toml").write_text(text, "utf-8")
    return folder


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Path]:
    """A new book, open meanwhile."""
    with open_book(str(tmp_path / "book")):
        yield tmp_path / "book"


def test_several_kinds_of_files_in_one_run(town: Path, book: Path, tmp_path: Path) -> None:
    """Each is read by the layout whose GLOB fits its name, the others by the one without."""
    paths = []
    for layout, content in FILES.items():
        paths.append(tmp_path / f"{layout}.{'json' if layout == 'objects' else 'txt'}")
        paths[-1].write_bytes(content)
    chosen = ("--layout", "box", "--layout", "bars:bar*.txt", "--layout", "objects:*.json")
    done = onecard("clear", *paths, *chosen, "--network", town, "--book", book)
    assert "9 records, 2 accepted, 7 refused" in done.out
    assert {row["name"]: row["layout"] for row in shown("files", book)} == {
        "bars.txt": "bars", "objects.json": "objects", "box.txt": "box"}
    done = onecard("clear", paths[0], "--layout", "bars:*.csv", "--book", book)
    assert done.code == 2
    assert "--layout 'bars:*.csv' fits none of 1 file" in done.err


def take_sailors(town: Path) -> None:
    """What a clerk does about UNKNOWN_CARD_KIND."""
    toml = town / "network.toml"
    toml.write_text(toml.read_text("utf-8").replace('"student"', '"student", "sailor"', 1), "utf-8")


def say_decimals(town: Path) -> None:
    """What a clerk does about AMOUNT_INVALID."""
    layout = town / "layouts" / "bars.toml"
    layout.write_text(layout.read_text("utf-8").replace(
        'column = "实收"', 'column = "实收", decimals = 2'), "utf-8")


def send_all(book: Path, town: Path, folder: Path) -> None:
    """Every file by its layout."""
    for layout, content in FILES.items():
        path = folder / f"{layout}.dat"
        path.write_bytes(content)
        accepted("clear", path, "--layout", layout, "--network", town, "--book", book)
        path.unlink()


def rides(book: Path) -> list[tuple[int, str, int]]:
    return sorted((ride["card_seq"], ride["card_kind"], ride["paid"])
                  for ride in shown("rides", book))


MENDED = [(1, "ordinary", 200), (2, "sailor", 200), (11, "ordinary", 0), (12, "sailor", 0),
          (21, "ordinary", 0), (22, "sailor", 0)]


def test_reject_files_are_given_as_they_are(town: Path, book: Path, tmp_path: Path) -> None:
    """By the layout of the file that their records are from, once the cause is mended."""
    send_all(book, town, tmp_path)
    answers = book / "acknowledgements"
    rejects = {layout: next(answers.glob(f"run-*.{layout}.dat.rejects.*")) for layout in FILES}
    assert {layout: path.suffix for layout, path in rejects.items()} == {
        "bars": ".csv", "objects": ".json", "box": ".txt"}
    head, *lines = rejects["bars"].read_bytes().decode("gb18030").split("\r\n")
    assert head == "卡号|序号|时间|机号|站名|卡种|实收|x_code|x_reason"
    assert lines[0].startswith(
        f"{CARD}|1|2024/11/25 08:00:00|P1| 龙华总站 |ordinary|2.00|AMOUNT_INVALID|第 2 行，实收：")
    for layout, path in rejects.items():        # not mended: the same again
        done = accepted("clear", path, "--layout", layout, "--network", town, "--book", book)
        assert " 0 accepted, " in done.out, done.out
    take_sailors(town)
    say_decimals(town)
    for layout, path in rejects.items():
        accepted("clear", path, "--layout", layout, "--network", town, "--book", book)
    assert rides(book) == MENDED
    assert accepted("verify", "--all", "--book", book).code == 0


def test_an_object_is_told_without_those_behind_it(town: Path, book: Path, tmp_path: Path) -> None:
    """Two that contradict each other, in one line of JSON: which one was meant has to be seen."""
    one = {"card": CARD, "seq": 5, "at": "2024-11-25T09:00:00", "stop": "龙华总站", "why": '}"['}
    other = {**one, "at": "2024-11-25T10:00:00", "more": [{"a": {}}]}
    path = tmp_path / "objects.json"
    texts = [json.dumps(each, ensure_ascii=False) for each in (one, other)]
    path.write_text('{"data": {"rides": [' + ", ".join(texts) + "]}}", "utf-8")
    accepted("clear", path, "--layout", "objects", "--network", town, "--book", book)
    assert [(row["code"], row["record"]) for row in shown("refusals", book)] == [
        ("CONFLICT", text) for text in texts]
    rejects, = (book / "acknowledgements").glob("*.rejects.json")
    again = json.loads(rejects.read_bytes())["data"]["rides"]
    assert [each.pop("x_code") for each in again] == ["CONFLICT"] * 2
    assert [{**each, "x_reason": ""} for each in again] == [
        {**each, "x_reason": ""} for each in (one, other)]


def test_every_file_is_read_by_its_own_layout_again(town: Path, book: Path, tmp_path: Path
                                                    ) -> None:
    """`--retry` knows how each was read; the layout itself may be what is mended."""
    send_all(book, town, tmp_path)
    assert [row["layout"] for row in shown("files", book)] == list(FILES)
    assert "nothing was taken" in accepted("clear", "--retry", "--book", book).out
    take_sailors(town)
    say_decimals(town)
    done = accepted("clear", "--retry", "--book", book)
    assert "9 records, 4 accepted, 2 known, 3 refused" in done.out
    assert rides(book) == MENDED
    last = max(row["run"] for row in shown("runs", book))
    assert {row["name"]: row["layout"] for row in shown("files", book, "--run", str(last))} == {
        f"{layout}.dat": layout for layout in FILES}
    (town / "layouts" / "box.toml").unlink()
    done = refused("clear", "--retry", "--book", book)
    assert "there is no layout 'box'" in done.err


@pytest.fixture
def pair(tmp_path: Path) -> list[Path]:
    """Two files, each with a record that is refused and longer than what a book keeps of it."""
    paths = [tmp_path / name for name in ("a.csv", "b.csv")]
    for number, path in enumerate(paths):
        path.write_text("card,card_seq,tapped_at,operator,device,device_seq,mode,kind,stop\r\n"
                        f"{CARD},{number},20241125080000,hk-bus,B,1,bus,single,龙华总站\r\n"
                        f"{CARD},9{number},20241325080000,hk-bus,B,1,bus,single,{'x' * 2_000}\r\n",
                        "utf-8", newline="")
    return paths


def answers_of_run_1(book: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes()
            for path in (book / "acknowledgements").glob("run-1.*")}


def test_answers_are_written_again_from_kept_files(pair: list[Path], town: Path, book: Path
                                                   ) -> None:
    """The same bytes, though only one of the run's files is given again."""
    accepted("clear", *pair, "--network", town, "--book", book)
    written = answers_of_run_1(book)
    assert len(written) == 3
    for content in written.values():
        assert b"x" * 2_000 in content or content.startswith(b"{")
    shutil.rmtree(book / "acknowledgements")
    accepted("clear", pair[0], "--book", book)
    assert answers_of_run_1(book) == written


def test_answers_are_written_again_as_files_come(pair: list[Path], town: Path, book: Path) -> None:
    """Where nothing is kept, a reject file waits until its own file is here."""
    accepted("clear", *pair, "--network", town, "--book", book, "--keep", "nothing")
    written = answers_of_run_1(book)
    shutil.rmtree(book / "acknowledgements")
    accepted("clear", pair[0], "--book", book, "--keep", "nothing")
    assert answers_of_run_1(book) == {
        name: content for name, content in written.items() if ".b.csv." not in name}
    accepted("clear", pair[1], "--book", book, "--keep", "nothing")
    assert answers_of_run_1(book) == written
