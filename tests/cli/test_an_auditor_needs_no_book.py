"""An auditor checks a folder on a machine without the book: what was changed in it is named."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clearing.answers.audit import Audit, verify_audit
from clearing.book import open_book
from clearing.book.contents import number_rows
from clearing.book.runs import Run, chain_of
from clearing.book.schema import ENTRIES
from clearing.book.table_files import CHECK
from tests.cli.clerk import make_book
from tests.run.command import accepted, onecard, refused

SEAL = re.compile(r"seal ([0-9a-f]{64})")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a book in `book` and an audit folder of it in `audit`; `seal` has its seal."""
    folder = tmp_path_factory.mktemp("audited")
    make_book(folder)
    told = accepted("export", "--audit", folder / "audit", "--cards", "full", "--book",
                    folder / "book").out
    (folder / "seal").write_text(SEAL.findall(told)[0])
    return folder


@pytest.fixture
def copy(place: Path, tmp_path: Path) -> Path:
    """A copy of the audit folder, to be changed."""
    return Path(shutil.copytree(place / "audit", tmp_path / "audit"))


def lines_of(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def write(path: Path, lines: list[Any]) -> None:
    path.write_text("".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n"
                            for line in lines), "utf-8")


def seal_again(folder: Path) -> None:
    """List the files as they are now: what somebody does who changes them."""
    listed = json.loads((folder / "audit.json").read_text())
    for one in listed["files"]:
        content = (folder / one["path"]).read_bytes()
        one |= {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    listed["chain"] = lines_of(folder / "runs.jsonl")[-1][-1]
    (folder / "audit.json").write_text(json.dumps(listed))


def found(audit: Audit) -> str:
    assert not audit.agrees
    verified = audit.verified
    return "\n".join([*audit.faults, *(
        [] if verified is None else [*verified.breaks, *verified.differences])])


def test_a_folder_is_checked_where_the_book_is_not(place: Path, copy: Path) -> None:
    seal = (place / "seal").read_text()
    done = onecard("verify", copy, "--all", "--seal", seal)
    assert done.code == 0, done
    assert "the seal is the one that was noted" in done.out
    assert "priced again by the plain engine: no differences" in done.out
    with open_book(str(place / "book"), read_only=True) as book:
        last = book.last_run()
    assert last is not None
    assert f"run {last.run}, chain {last.chain}" in done.out
    assert onecard("verify", copy, "--cards", "0", "--chain", last.chain).code == 0
    assert onecard("verify", copy, "--cards", "0", "--seal", "0" * 64).code == 1


def test_input_files_can_be_looked_at_too(place: Path, copy: Path) -> None:
    done = onecard("verify", copy, "--all", "--keep", place / "book" / "kept")
    assert done.code == 0, done
    assert "3 input files are kept" in done.out


def test_whatever_is_changed_is_named(copy: Path) -> None:
    """One value in a row of every file, and the list of the files made to fit."""
    changed = dict[str, int]()
    for path in sorted([*copy.glob("tables/*.jsonl"), copy / "runs.jsonl"]):
        lines = lines_of(path)
        if len(lines) > 1:
            value = lines[-1][1]
            lines[-1][1] = value + 1 if isinstance(value, int) else f"{value}?"
            write(path, lines)
            changed[path.relative_to(copy).as_posix()] = len(lines)
    assert len(changed) > 9
    seal_again(copy)
    told = found(verify_audit(copy))
    for name, line in changed.items():
        assert ("the row of run 5 is not as it was committed" if name == "runs.jsonl"
                else f"{name} line {line}: run ") in told, name


def test_lists_and_networks_are_what_the_tables_say(copy: Path) -> None:
    network = next(copy.glob("networks/*/network.toml"))
    for path in (network, *copy.glob("*.csv")):
        path.write_bytes(path.read_bytes() + b"# 1\n")
    (copy / "note.txt").write_text("?")
    seal_again(copy)
    told = found(verify_audit(copy, 0))
    assert f"{network.relative_to(copy).as_posix()}: not the file that runs cleared by" in told
    for name in ("entries", "postings", "positions"):
        assert f"{name}.csv line " in told
    assert "note.txt is not in audit.json" in told


def test_files_that_are_missing_or_no_rows_are_told(copy: Path) -> None:
    (copy / "positions.csv").unlink()
    lines = (copy / "tables/flows.jsonl").read_text().splitlines()
    lines[1] = lines[1].replace("[", "[[")
    lines[2] = lines[2].replace("[", "[-")
    lines[3:] = lines[4:]
    (copy / "tables/flows.jsonl").write_text("\n".join(lines))
    told = found(verify_audit(copy, 0))
    for words in ("positions.csv is missing", "tables/flows.jsonl is not the file that was sealed",
                  "flows.jsonl line 2: cannot be read as a row",
                  "flows.jsonl line 3: has a value that its column cannot hold",
                  "owes"):
        assert words in told


def test_who_makes_all_of_it_fit_meets_prices_and_the_seal(place: Path, copy: Path) -> None:
    """A fare that is changed in its row, in what stands for it, in all chains and in the list."""
    path = copy / "tables/entries.jsonl"
    names, *rows = lines_of(path)
    row = next(row for row in rows if row[names.index("paid")])
    before = row[names.index(CHECK)]
    for name in ("paid", "price", "due"):
        row[names.index(name)] += 100
    row[names.index(CHECK)] = f"{_number(row):016x}"
    write(path, [names, *rows])
    heads, *runs = lines_of(copy / "runs.jsonl")
    parent = None
    for number, values in enumerate(runs):
        run = Run(*values)
        contents = json.loads(run.contents)
        if run.run == row[0]:
            own = contents[ENTRIES.name]
            own[1] = f"{(int(own[1], 16) - int(before, 16) + _number(row)) % (1 << 64):016x}"
        run = run._replace(contents=json.dumps(contents, sort_keys=True, separators=(",", ":")))
        parent = run._replace(chain=chain_of(run, parent))
        runs[number] = list(parent)
    write(copy / "runs.jsonl", [heads, *runs])
    seal_again(copy)
    seal = (place / "seal").read_text()
    audit = verify_audit(copy, seal=seal)
    assert audit.is_sealed is False
    told = found(audit)
    assert "table stored_entries" not in told
    assert "owes" in told       # flows are not the sums of entries
    assert "ride 310" in told   # the plain engine prices it otherwise
    assert "the seal is another one" in onecard("verify", copy, "--seal", seal).out


def _number(row: list[Any]) -> int:
    """What stands for a row of entries."""
    columns = [np.array([value], f"<{'u' if type_.startswith('U') else 'i'}"
                        f"{int(type_.lstrip('UInt')) // 8}")
               for value, (_, type_) in zip(row[1:-1], ENTRIES.content, strict=True)]
    return int(number_rows(ENTRIES, columns)[0])


def test_wrong_use_is_refused(place: Path, copy: Path) -> None:
    assert "there is something already" in refused(
        "export", "--audit", copy, "--cards", "full", "--book", place / "book").err
    assert "no audit folder" in refused("verify", place).err
    assert "--book does not apply" in refused("verify", copy, "--book", place / "book").err
    assert "--seal is of an audit folder" in refused("verify", "--seal", "0").err
    assert "is no seal" in refused("verify", copy, "--seal", "12").err
    assert "--cards" in refused("export", "--audit", "somewhere").err
