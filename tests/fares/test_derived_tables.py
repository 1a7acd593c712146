"""A table that is like another is that table, with what it gives itself in place of the other's."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from fare_tables.model import Table
from fare_tables.source import TableSource, load_tables, read_sources
from network.errors import TableError
from tests.fares.folder import BUS, FUNDED, head


def concession(rule: str, percent: int) -> str:
    return f'\n[[concession]]\nrule = "{rule}"\npays_percent = {percent}\n{FUNDED}'


PARENT = head("bus", more="in_force_until = 2024-06-30\nmodes = [\"bus\"]") + """
[stop_sets]
west = ["a"]
""" + BUS + concession("student", 50) + concession("senior", 0) + """
[[timeframe]]
timeframe = "peak"
since = 07:00:00
"""
OWN = 'table = "night"\nin_force_from = 2024-01-01\n'


def read(folder: Path, **texts: str) -> dict[str, Table]:
    for name, text in {"bus": PARENT, **texts}.items():
        (folder / f"{name}.toml").write_text(text, "utf-8")
    return {f"{table.table}@{table.in_force_from}": table for table in load_tables(folder)}


def written(folder: Path, name: str) -> TableSource:
    return next(one for one in read_sources(folder) if one.path.name == f"{name}.toml")


def test_it_has_all_that_the_other_has_but_its_dates(tmp_path: Path) -> None:
    tables = read(tmp_path, night=OWN + 'like = "bus"\n')
    bus, night = tables["bus@2024-01-01"], tables["night@2024-01-01"]
    assert night == msgspec.structs.replace(bus, table="night", in_force_until=None)


def test_a_key_takes_the_place_of_the_others(tmp_path: Path) -> None:
    text = OWN + 'like = "bus"\ntitle = "Night"\nlines = ["N1"]\nstop_sets = { east = ["d"] }\n'
    night = read(tmp_path, night=text)["night@2024-01-01"]
    assert (night.title, night.lines, night.stop_sets) == ("Night", ["N1"], {"east": ["d"]})
    assert night.modes == ["bus"]


def test_rows_of_one_name_take_the_place_of_the_others(tmp_path: Path) -> None:
    text = OWN + 'like = "bus"\n' + concession("adult", 90) + concession("student", 25) + (
        '\n[[timeframe]]\ntimeframe = "peak"\nsince = 08:00:00\n')
    night = read(tmp_path, night=text)["night@2024-01-01"]
    assert [(row.rule, row.pays_percent) for row in night.concession] == [
        ("student", 25), ("senior", 0), ("adult", 90)]
    assert [timeframe.since.hour for timeframe in night.timeframe] == [8]
    assert [row.rule for row in night.fare] == ["flat"]


def test_rows_can_be_left_out(tmp_path: Path) -> None:
    text = OWN + 'like = "bus"\nwithout = ["student", "peak"]\n'
    night = read(tmp_path, night=text)["night@2024-01-01"]
    assert [row.rule for row in night.concession] == ["senior"]
    assert night.timeframe == []


def test_a_row_that_is_left_out_can_come_again_at_the_end(tmp_path: Path) -> None:
    text = OWN + 'like = "bus"\nwithout = ["student"]\n' + concession("student", 10)
    night = read(tmp_path, night=text)["night@2024-01-01"]
    assert [(row.rule, row.pays_percent) for row in night.concession] == [
        ("senior", 0), ("student", 10)]


def test_a_row_that_is_given_twice_stays_twice(tmp_path: Path) -> None:
    """So that it is refused, as anywhere."""
    text = OWN + 'like = "bus"\n' + concession("student", 10) + concession("student", 20)
    night = read(tmp_path, night=text)["night@2024-01-01"]
    assert [row.rule for row in night.concession] == ["student", "senior", "student"]


def test_a_new_version_is_like_the_one_before(tmp_path: Path) -> None:
    text = 'table = "bus"\nlike = "bus"\nin_force_from = 2024-07-01\n' + concession("senior", 10)
    tables = read(tmp_path, later=text)
    later = tables["bus@2024-07-01"]
    assert [row.pays_percent for row in later.concession] == [50, 10]
    assert later.in_force_until is None


def test_a_version_is_named_where_there_are_several(tmp_path: Path) -> None:
    later = 'table = "bus"\nlike = "bus"\nin_force_from = 2024-07-01\ntitle = "later"\n'
    tables = read(tmp_path, later=later, night=OWN + 'like = "bus@2024-07-01"\n')
    assert tables["night@2024-01-01"].title == "later"


def test_a_chain_of_tables_is_followed(tmp_path: Path) -> None:
    """By whatever file names: a is like b, b is like the bus."""
    texts = {"a": 'table = "a"\nlike = "b"\nin_force_from = 2024-01-01\n' + concession("x", 1),
             "b": 'table = "b"\nlike = "bus"\nin_force_from = 2024-01-01\nwithout = ["senior"]\n'}
    tables = read(tmp_path, **texts)
    assert [row.rule for row in tables["a@2024-01-01"].concession] == ["student", "x"]
    assert [row.rule for row in tables["b@2024-01-01"].concession] == ["student"]


NOT_FOLLOWED = [
    # what the table says, the code, what is said, the line that is shown
    ('like = "tram"', "PARENT_UNKNOWN", "it is like 'tram', and no table is called that",
     'like = "tram"'),
    ('like = "bus@2023-01-01"', "PARENT_UNKNOWN", "no table is called that",
     'like = "bus@2023-01-01"'),
    ('like = "night"', "PARENT_UNKNOWN", "no table is called that", 'like = "night"'),
    ('like = "night@2024-01-01"', "PARENT_CYCLE", "night.toml → night.toml",
     'like = "night@2024-01-01"'),
    ("like = 5", "VALUE_INVALID", "`like` is not the name of a table", "like = 5"),
    ('like = "bus"\nwithout = "student"', "VALUE_INVALID", "`without` is not a list of rows",
     'without = "student"'),
    ('like = "bus"\nwithout = [\n"student",\n"pupil"]', "WITHOUT_UNKNOWN",
     "it is without 'pupil', which bus.toml does not have", '"pupil"]'),
    ('without = ["student"]', "WITHOUT_UNKNOWN", "but is like no other table",
     'without = ["student"]'),
]


@pytest.mark.parametrize(("more", "code", "said", "excerpt"), NOT_FOLLOWED)
def test_what_cannot_be_followed_is_refused(tmp_path: Path, more: str, code: str, said: str,
                                            excerpt: str) -> None:
    with pytest.raises(TableError) as caught:
        read(tmp_path, night=f"{OWN}{more}\n")
    error = caught.value
    assert error.code == code
    assert said in error.found
    assert error.location is not None
    assert (error.location.path.name, error.location.excerpt) == ("night.toml", excerpt)


def test_tables_that_are_like_each_other_are_refused(tmp_path: Path) -> None:
    texts = {name: f'table = "{name}"\nlike = "{other}"\nin_force_from = 2024-01-01\n'
             for name, other in (("a", "b"), ("b", "c"), ("c", "a"))}
    with pytest.raises(TableError, match=r"in a circle: a.toml → b.toml → c.toml → a.toml") as it:
        read(tmp_path, **texts)
    assert it.value.code == "PARENT_CYCLE"
    assert "write one of them in full" in str(it.value)


def test_two_versions_of_a_parent_must_be_told_apart(tmp_path: Path) -> None:
    later = 'table = "bus"\nlike = "bus"\nin_force_from = 2024-07-01\n'
    with pytest.raises(TableError, match="and 2 tables are called that") as caught:
        read(tmp_path, later=later, night=OWN + 'like = "bus"\n')
    assert "name one of bus@2024-01-01, bus@2024-07-01" in caught.value.remedy


def test_a_fault_is_shown_where_it_is_written(tmp_path: Path) -> None:
    """In the parent's file, where the row is the parent's, and in its own where it is its own."""
    read(tmp_path, night=OWN + 'like = "bus"\nwithout = ["student"]\n' + concession("adult", 90))
    one = written(tmp_path, "night")
    kinds = {"senior": "concession", "adult": "concession", "flat": "fare", "peak": "timeframe"}
    places = {rule: one.location((kind, rule)) for rule, kind in kinds.items()}
    assert {rule: place.path.name for rule, place in places.items()} == {
        "senior": "bus.toml", "adult": "night.toml", "flat": "bus.toml", "peak": "bus.toml"}
    assert places["senior"].excerpt == 'rule = "senior"'
    assert one.location(("concession", "senior", "pays_percent")).excerpt == "pays_percent = 0"
    assert one.location(("title",)).path.name == "bus.toml"
    assert one.location().excerpt == 'table = "night"'


def test_a_value_that_does_not_fit_is_shown_where_it_is_written(tmp_path: Path) -> None:
    bad = concession("senior", 10).replace("pays_percent = 10", "pays_percent = 1.5")
    with pytest.raises(TableError) as caught:
        read(tmp_path, night=OWN + 'like = "bus"\nwithout = ["student"]\n' + bad)
    place = caught.value.location
    assert place is not None
    assert (place.path.name, place.excerpt) == ("night.toml", "pays_percent = 1.5")
