"""What is planted in a day's files and records is told, each fault as what it is, and nothing else.

Records are dropped, doubled, put in another order; files are dropped, doubled, delayed, renamed,
edited with their trailer left as it was, and written anew under their names.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from clearing.book import open_book
from tests.fares.folder import write
from tests.run.command import onecard
from tests.run.test_claims_have_limits import DAY

FILES, OF_A_FILE = 5, 8
VALIDATORS = ("A", "B", "C")
COLUMNS = ("card", "card_seq", "tapped_at", "operator", "device", "device_seq", "mode", "kind",
           "stop", "paid")
CONTRACT = f"""
[[sender]]
sender = "bus"
operators = ["bus"]

[[sender.files]]
name = "bus-{{date}}-{{sequence:02}}.csv"
sequence = "daily"
daily = {FILES}
allows = ["gaps"]
"""
# What is planted in a file: what is told of it, or of what comes of it later.
FATES = {"none": "", "dropped": "", "doubled": "DUPLICATE_FILE", "delayed": "",
         "edited": "TRAILER_MISMATCH", "renamed": "FILE_CONTENT_TAKEN",
         "rewritten": "FILE_NAME_TAKEN"}
Row = dict[str, Any]


def rows_of(file: int) -> list[Row]:
    """Records of three validators in turn, each of a card with one ride in each file."""
    return [{"card": f"100000000000000{number:04}", "card_seq": 50 + file,
             "tapped_at": f"{DAY}T{8 + file:02}:{number:02}:00", "operator": "bus",
             "device": VALIDATORS[number % 3], "mode": "bus", "kind": "single", "stop": "x",
             "paid": 200} for number in range(OF_A_FILE)]


def numbered() -> list[list[Row]]:
    """The day's files; each validator's numbers follow each other through all of them."""
    files, numbers = [rows_of(file) for file in range(FILES)], Counter[str]()
    for row in (row for file in files for row in file):
        row["device_seq"] = 100 + numbers[row["device"]]
        numbers[row["device"]] += 1
    return files


def content_of(rows: Iterable[Row]) -> bytes:
    """A file with its trailer."""
    rows = list(rows)
    text = "".join(",".join(map(str, line)) + "\n" for line in [
        COLUMNS, *([row[column] for column in COLUMNS] for row in rows)]).encode()
    paid = sum(row["paid"] for row in rows)
    return text + f"#trailer,{len(rows)},0,{paid},{hashlib.sha256(text).hexdigest()}\n".encode()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("planted")


def run(own: Path, contents: dict[str, bytes]) -> Counter[str]:
    """Clear files of these names: how often each code was told of files and of records."""
    if not contents:
        return Counter()
    own.mkdir()
    paths = [own / "bus" / name for name in contents]
    (own / "bus").mkdir()
    for path, content in zip(paths, contents.values(), strict=True):
        path.write_bytes(content)
    done = onecard("clear", *paths, "--network", own.parents[1] / "network", "--book",
                   own.parent / "book", "--json")
    assert done.code in (0, 1), done.err
    told = json.loads(done.out)
    codes = Counter(file["code"] for file in told["files"] if file["code"] != "OK")
    return codes + Counter({"known": sum(
        file["known"] for file in told["files"] if file["code"] == "OK")})


@settings(max_examples=8, deadline=None, phases=[Phase.generate], derandomize=True)
@given(data=st.data())
def test_each_is_told_as_what_it_is(folder: Path, data: st.DataObject) -> None:
    own = folder / str(len(list(folder.iterdir())))
    own.mkdir()
    (folder / "network").mkdir(exist_ok=True)
    write(folder / "network", network=CONTRACT)
    fates = data.draw(st.lists(st.sampled_from(sorted(FATES)), min_size=FILES, max_size=FILES))
    first, second = dict[str, bytes](), dict[str, bytes]()
    wanted, arrived, doubles, came = Counter[str](), list[Row](), 0, 0
    for number, (fate, rows) in enumerate(zip(fates, numbered(), strict=True), 1):
        name = f"bus-{DAY.replace('-', '')}-{number:02}.csv"
        lost = data.draw(st.sets(st.integers(0, OF_A_FILE - 1), max_size=2))
        kept = [row for place, row in enumerate(rows) if place not in lost]
        twice = data.draw(st.lists(st.sampled_from(kept), max_size=2, unique_by=id))
        content = content_of(data.draw(st.permutations([*kept, *twice])))
        if fate == "edited":
            content = content.replace(b",200\n", b",100\n", 1)
        if fate not in ("dropped", "delayed"):
            first[name] = content
        if fate in ("doubled", "delayed"):
            second[name] = content
        if fate == "renamed":
            second[name.replace("20241125", "20241126")] = content
        if fate == "rewritten":
            second[name] = content_of(kept[:-1])
        wanted[FATES[fate]] += 1
        if fate not in ("dropped", "edited"):
            arrived, doubles, came = arrived + kept, doubles + len(twice), came + 1
    wanted.pop("", None)
    with open_book(str(own / "book")):
        told = run(own / "first", first) + run(own / "second", second)
        assert told == wanted + Counter({"known": doubles}), fates
        if came:
            _check_completeness(own / "book", arrived, came)


def _check_completeness(book: Path, arrived: list[Row], came: int) -> None:
    """Gaps are those between what each validator and card has sent, and files that never came."""
    done = onecard("completeness", "--window", DAY, "--book", book, "--json")
    found = json.loads(done.out)
    for side, key, counter in (("devices", "device", "device_seq"), ("cards", "card", "card_seq")):
        numbers = [{row[counter] for row in arrived if row[key] == one}
                   for one in {row[key] for row in arrived}]
        missing = sum(max(one) - min(one) + 1 - len(one) for one in numbers)
        assert found[side]["missing"] == missing
        assert found[side]["found"] == len(arrived)
        assert found[side]["repeated"] == found[side]["set_back"] == 0
    [owed] = found["files"]
    assert (owed["expected"], owed["received"], owed["missing"]) == (FILES, came, FILES - came)
    assert done.code == (0 if found["is_complete"] else 1)
