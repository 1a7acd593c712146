"""Tables and networks that would hang, fill memory or be misread are refused, or read right."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from clearing.answers.check_tables import check_network
from clearing.engine.context import load_context
from fare_tables.gtfs.archive import Archive
from fare_tables.gtfs.notices import FeedRefused, Notices
from network.errors import OnecardError, TableError
from network.folder import digest_of, read_contents
from network.names import Names
from tests.fares.folder import BUS, FUNDED, LINKS, NETWORK, STOPS, head, write

AGREEMENT = '[[agreement]]\nagreement = "{}"\nbetween = "city"\n'
MONTHLY = '[[accumulator]]\naccumulator = "m"\nperiod = "{}"\n'
MEMBER = '[[funder]]\ncode = "operator"\nname = "O"\ncity = "gz"\n'
DAY = '[[day]]\ndate = 2024-06-03\nis_a = "{}"\n'


def errors_of(folder: Path) -> list[str]:
    return [f"{one.code} {one.what}" for one in check_network(str(folder)).errors]


def refusal_of(folder: Path) -> str:
    with pytest.raises((TableError, OnecardError)) as caught:
        load_context(str(folder), Names())
    return str(caught.value)


@pytest.mark.parametrize(("old", "new", "more", "said"), [
    ("city = [", 'city = [{ code = "gz", name = "G", province = "44" },', "", "city names 'gz' tw"),
    ("province = [", 'province = [{ code = "44", name = "G" },', "", "province names '44' twice"),
    ('"adult", ', '"adult", "adult", ', "", "card_kinds names 'adult' twice"),
    ('"adult", ', '"adult", "", ', "", "card_kinds has a blank name"),
    ('modes = ["bus"]', 'modes = ["bus", "bus"]', "", "operator 'bus': modes names 'bus' twice"),
    ("", "", MONTHLY.format("day") + MONTHLY.format("month"), "accumulator names 'm' twice"),
    ("", "", DAY.format("holiday") + DAY.format("workday"), "day names '2024-06-03' twice"),
    ("", "", MEMBER, "a member is called 'operator'"),
    ("", "", AGREEMENT.format("a") + AGREEMENT.format("b"),
     "agreement 'b' is for the same rides as 'a'"),
    ("", "", AGREEMENT.format("a") + "issuer_ppm = -1\n",
     "the fees of agreement 'a' are 0, -1, 0 parts per million"),
    ("taps_from = 2024-01-01", "taps_from = 9999-01-01", "", "taps_from is 9999-01-01"),
    ("taps_from = 2024-01-01", "taps_from = 1900-01-01", "", "taps_from is 1900-01-01"),
    ("title =", "ride_limit_s = 0\ntitle =", "", "ride_limit_s is 0"),
    ("title =", "clock_tolerance_s = -1\ntitle =", "", "clock_tolerance_s is -1"),
    ("title =", "clock_tolerance_s = 3601\ntitle =", "", "clock_tolerance_s is 3601"),
    ("title =", f"ride_limit_s = {1 << 40}\ntitle =", "", "ride_limit_s is 1099511627776"),
    ("03:00:00", '"03:00:00+08:00"', "", "day_starts_at is 03:00:00+08:00"),
    ('{ default = "engine" }', '{ default = "engine", qrcode = "validator" }', "",
     "says who charges 'qrcode', which is not in media"),
    ("Asia/Shanghai", "Asia", "", "there is no time zone 'Asia'"),
    ("Asia/Shanghai", "A" * 5000, "", "there is no time zone 'AAAA"),
    ('"stops.csv"', '"a\\u0000.csv"', "", "holds U+0000"),
    ('"stops.csv"', '"../stops.csv"', "", "no CSV file of the network's folder"),
    ('"stops.csv"', '"stops.txt"', "", "no CSV file of the network's folder"),
])
def test_a_network_that_contradicts_itself(tmp_path: Path, old: str, new: str, more: str,
                                           said: str) -> None:
    write(tmp_path, files={"network.toml": NETWORK.replace(old, new, 1) + more,
                           "stops.txt": STOPS})
    assert said in refusal_of(tmp_path)
    assert any(said in error for error in errors_of(tmp_path))


@pytest.mark.parametrize("percent", ["150", '"half"'])
def test_a_funder_of_no_percent_is_told_once(tmp_path: Path, percent: str) -> None:
    cut = '[[concession]]\nrule = "half"\npays_percent = 50\nfunders = [{ funder = "finance", '
    write(tmp_path, {"bus": head("bus") + BUS + cut + f"percent = {percent} }}]\n"})
    [error] = errors_of(tmp_path)
    assert "is not a percent" in error or "is more than the whole price" in error


@pytest.mark.parametrize(("bus", "said"), [
    (head("bus") + BUS.replace("200", "0x" + "f" * 5000), "longer than any that TOML has"),
    (head("bus") + BUS.replace("200", str(1 << 63)), "longer than any that TOML has"),
    (".".join("a" * 20_000) + " = 1\n" + head("bus") + BUS, "a name has too many dots"),
    (head("bus", more='lines = [""]') + BUS, "lines names a blank line"),
    (head("bus", more=f"companion_within_s = {(1 << 32) - 1}") + BUS, "companion_within_s is 4294"),
    (head("bus") + "fare = [" + ",".join(
        f'{{ rule = "{n}", basis = "flat", amount = 1 }}' for n in range(70_000)) + "]",
     "it has 70,000 rows"),
    (head("bus") + '[[fare]]\nrule = "time"\nbasis = "time"\nbands = [' + ",".join(
        f"{{ to_s = {n}, amount = 1 }}" for n in range(1, 70_000)) + "]", "69,999 bands of row"),
])
def test_a_table_that_is_more_than_can_be_read(tmp_path: Path, bus: str, said: str) -> None:
    write(tmp_path, {"bus": bus})
    assert said in refusal_of(tmp_path)
    assert said in errors_of(tmp_path)[0]


@pytest.mark.parametrize("name", ["x.toml", "stops.csv"])
def test_a_pipe_is_not_waited_for(tmp_path: Path, name: str) -> None:
    write(tmp_path)
    (tmp_path / name).unlink(missing_ok=True)
    os.mkfifo(tmp_path / name)
    assert "is a pipe, not a file" in refusal_of(tmp_path)


def test_what_no_table_names_is_not_waited_for(tmp_path: Path) -> None:
    """A pipe, or a file without end, beside the tables."""
    write(tmp_path)
    before = digest_of(read_contents(tmp_path))
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "zero.csv").symlink_to("/dev/zero")
    (tmp_path / "layouts" / "old").mkdir(parents=True)
    assert digest_of(read_contents(tmp_path)) == before
    assert errors_of(tmp_path) == []


@pytest.mark.parametrize(("make", "said"), [
    (lambda folder: ((folder / "big.csv").touch(), os.truncate(folder / "big.csv", 300 << 20)),
     "big.csv:1: the network's files up to this one have 314,57"),
    (lambda folder: (folder / "out.csv").symlink_to("/etc/hostname"), "out.csv:1: leads out of"),
    (lambda folder: (folder / "STOPS.csv").write_text("stop,name\n"), "stops.csv:1: is one file"),
], ids=["too large", "elsewhere", "twins"])
def test_what_a_run_would_keep_is_looked_at_first(
        tmp_path: Path, make: Callable[[Path], object], said: str) -> None:
    """Runs keep every file of the folder, also those that no table names."""
    write(tmp_path)
    make(tmp_path)
    with pytest.raises(TableError, match=said):
        read_contents(tmp_path)


def test_a_feed_that_is_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "feed.zip")
    with pytest.raises(FeedRefused, match="it is a pipe"):
        Archive(tmp_path / "feed.zip", Notices())


@pytest.mark.parametrize(("stop", "said"), [
    ("e\nf", []), *((f"e{sign}f", [
        f"NOT_COMPILED holds U+{ord(sign):04X}, which nobody sees"])
        for sign in ("\u2028", "\x0b", "\x85"))])
def test_a_stop_whose_code_has_a_line_end(tmp_path: Path, stop: str, said: list[str]) -> None:
    """The check reads the same stops as the compiler: only a CSV's own line ends are ends."""
    write(tmp_path, files={"stops.csv": STOPS + f'"{stop}",E\n',
                           "links.csv": LINKS + f'd,"{stop}",100\n'})
    assert errors_of(tmp_path) == said


@pytest.mark.parametrize(("file", "row", "said"), [
    ("stops.csv", ",E", "stops.csv:6: a stop has no code"),
    ("line-stops.csv", ",d,9000", "line-stops.csv:7: a line has no name"),
])
def test_a_name_that_is_blank(tmp_path: Path, file: str, row: str, said: str) -> None:
    """A ride that lacks the name would be taken for one that has it."""
    write(tmp_path)
    path = tmp_path / file
    path.write_text(f"{path.read_text()}{row}\n")
    assert said in refusal_of(tmp_path)


def test_tables_one_above_the_other_have_an_end(tmp_path: Path) -> None:
    texts = {f"t{n:04}": f'like = "t{n + 1:04}"\ntable = "t{n:04}"\nin_force_from = 2024-01-01\n'
             for n in range(1500)}
    write(tmp_path, {**texts, "t1500": head("t1500", operator="bus") + BUS})
    assert "more than 100 tables are each like the next" in refusal_of(tmp_path)


def test_a_row_whose_name_is_no_name(tmp_path: Path) -> None:
    write(tmp_path, {"bus": 'like = "parent"\ntable = "bus"\nin_force_from = 2024-01-01\n',
                     "parent": head("parent", operator="bus") + BUS.replace('"flat"', '["x"]', 1)})
    assert "expected text, found a list" in refusal_of(tmp_path)


def test_more_stops_than_ways_can_be_found_between(tmp_path: Path) -> None:
    stops = "".join(f"s{n},S\n" for n in range(40_000))
    write(tmp_path, files={"stops.csv": "stop,name\n" + stops, "links.csv": "from,to,metres\n",
                           "line-stops.csv": "line,stop,metres\n"})
    assert "there are 40,000 stops, and the ways between at most 2,000" in refusal_of(tmp_path)
    assert "there are 40,000 stops" in errors_of(tmp_path)[0]


def test_more_zones_than_fares_can_be_kept_between(tmp_path: Path) -> None:
    fare = '[[fare]]\nrule = "z"\nbasis = "zone"\nmatrix = "od.csv"\nzones = "zones.csv"\n'
    write(tmp_path, {"metro": head("metro") + fare}, files={
        "stops.csv": "stop,name\n" + "".join(f"s{n},S\n" for n in range(9_000)),
        "links.csv": "from,to,metres\n", "line-stops.csv": "line,stop,metres\n",
        "zones.csv": "stop,zone\n" + "".join(f"s{n},z{n}\n" for n in range(9_000)),
        "od.csv": "from,to,amount\nz1,z2,300\n"})
    assert "there are 9,000 zones, and fares between at most 4,000" in refusal_of(tmp_path)


def test_more_than_a_check_can_look_at_is_said(tmp_path: Path) -> None:
    """Forty transfers of forty lengths, and a thousand timeframes at both ends of a ride."""
    transfers = "".join(
        f'[[transfer]]\nrule = "t{n}"\npays_percent = 5\nwithin_s = {100 + n}\n'
        f'max_transfers = {1 + n}\nmeasured_to = "end"\n{FUNDED}' for n in range(40))
    timeframes = "".join(
        f'[[timeframe]]\ntimeframe = "w{n}"\nsince = {n // 60:02}:{n % 60:02}:00\n'
        f"until = {n // 60:02}:{n % 60:02}:30\n" for n in range(1000))
    names = ", ".join(f'"w{n}"' for n in range(1000))
    cut = (f'[[concession]]\nrule = "c"\npays_percent = 5\ntimeframe_at = "exit"\n'
           f"timeframes = [{names}]\n{FUNDED}")
    for more, what in ((transfers, "timing"), (timeframes + cut, "when")):
        write(tmp_path, {"bus": head("bus") + BUS + more})
        [error] = errors_of(tmp_path)
        assert error.startswith("TOO_MANY its rows tell apart more than")
        assert error.endswith(f"rides by {what}")


def test_operators_of_one_system_with_other_stops_are_told_where(tmp_path: Path) -> None:
    """Their fares are one matrix, so that their stops must be one list."""
    write(tmp_path, network='\n[[operator]]\ncode = "tram"\nname = "Tram"\ncity = "gz"\n'
          'modes = ["metro"]\ncharged_by = { default = "engine" }\nsystem = "metro"\n')
    said = refusal_of(tmp_path)
    assert "operators 'metro' and 'tram' are both of system 'metro'" in said
    assert '\n    system = "metro"\n' in said
