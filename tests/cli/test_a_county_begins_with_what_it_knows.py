"""`onecard init`: a county's network from flags or answers, passes its check."""

from __future__ import annotations

import io
import json
import sys
import tomllib
from pathlib import Path
from unittest import mock

import pytest

from clearing.answers.check_tables import check_network
from fare_tables.source import load_tables
from network.city_codes import city_codes
from network.folder import list_networks
from network.network import load_network
from tests.fares.folder import BUS, head, write
from tests.run.command import Outcome, accepted, onecard, refused

HERE = ("--county", "3760=霍山县", "--province", "34=安徽", "--from", "2026-01-01")


def begin(folder: Path, *more: str) -> Path:
    accepted("init", folder, *HERE, *more)
    return folder


def price(network: Path, *more: str) -> dict[str, object]:
    done = accepted("price", "--network", network, "--at", "2026-03-02 08:00", "--json", *more)
    told: dict[str, object] = json.loads(done.out)
    return told


def test_it_passes_its_check_and_its_taps_are_cleared_without_variance(tmp_path: Path) -> None:
    network = begin(tmp_path / "county")
    report = check_network(str(network))
    assert report.findings == []
    done = accepted("clear", network / "taps" / "sample.csv", "--network", network, "--book",
                    tmp_path / "book")
    assert "3 records, 3 accepted" in done.out
    assert "variance" not in done.out
    assert sorted(path.name for path in network.iterdir()) == [
        "SOURCES.md", "bus.toml", "layouts", "network.toml", "taps"]


def test_no_validator_is_believed_whatever_it_says(tmp_path: Path) -> None:
    network = begin(tmp_path / "county", "--fare", "1.50", "--line", "19=3.00")
    path = network / "taps" / "sample.csv"
    *lines, last = path.read_text("utf-8").splitlines()
    path.write_text("\n".join([*lines, f"{last.rpartition(',')[0]},20000000.00", ""]), "utf-8")
    done = onecard("clear", path, "--network", network, "--book", tmp_path / "book")
    assert (done.code, "entries held: 1" in done.out) == (1, True)


def test_flags_are_what_rides_cost_and_who_pays(tmp_path: Path) -> None:
    network = begin(
        tmp_path / "county", "--fare", "1.50", "--line", "19=3.00", "--line", "20=3.00",
        "--operator", "east=东线公司", "--operator", "west=西线公司", "--funder", "cz=财政局",
        "--funder", "mz=民政局", "--elder", "20", "--elder-funders", "mz:60,cz:40",
        "--student", "62.5", "--disabled", "none", "--transfer", "90:0.50")
    east = ("--operator", "east", "--line")
    assert (price(network, *east, "1")["paid"], price(network, *east, "20")["paid"]) == (150, 300)
    elder = price(network, *east, "19", "--card-kind", "elder")
    assert elder["paid"] == 60
    assert [(leg["debtor"], leg["amount"]) for leg in elder["legs"]                # type: ignore[attr-defined]
            ] == [("card", 60), ("mz", 144), ("cz", 96)]
    assert price(network, *east, "1", "--card-kind", "student")["paid"] == 94
    assert "disabled" not in (network / "network.toml").read_text("utf-8")
    again = price(network, *east, "1", "--before", "bus:2 07:30 operator=west")
    assert again["paid"] == 100


def test_what_a_keyboard_for_chinese_writes_is_meant(tmp_path: Path) -> None:
    network = tmp_path / "county"
    accepted("init", network, "--county", "3760＝霍山县", "--province", "34=安徽",
             "--elder-funders", "civil：60，finance：40", "--transfer", "60：1。00",
             "--from", "2026-01-01")
    [table] = load_tables(network)
    assert [(one.funder, one.percent) for one in table.concession[0].funders] == [
        ("civil", 60), ("finance", 40)]


@pytest.mark.parametrize(("more", "said"), [
    (("--fare", "two"), "'two' is not an amount"),
    (("--fare", "2.005"), "write 99.50"),
    (("--county", "霍山县"), "write 3760=霍山县"),
    (("--line", "19"), "write 19=3.00"),
    (("--elder", "120"), "from 0 to 100 percent"),
    (("--elder-funders", "civil:60,finance:30"), "adds up to 90.00%"),
    (("--elder-funders", "nobody:100"), "'nobody' is no funder"),
    (("--transfer", "soon"), "write 60:1.00"),
    (("--operator", "a=甲", "--operator", "a=乙"), "'a' names two members"),
    (("--operator", "../a=甲"), "reads as a path"),
    (("--from", "2300-01-01"), "the network that would be written"),
])
def test_what_cannot_be_is_said_and_nothing_written(
    more: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    done = refused("init", tmp_path / "county", *HERE, *more)
    assert said in done.err
    assert not (tmp_path / "county").exists()


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    assert "there is something already" in refused("init", tmp_path, *HERE).err
    assert "shipped network" in refused("init", "huoshan", *HERE).err


@pytest.mark.parametrize(("county", "name", "province"), [
    ("3760=霍山县", "霍山县", "安徽"),
    ("3760", "六安", "安徽"),
    ("5810", "广州", "广东"),
])
def test_a_code_says_the_province_and_a_citys_name(
    county: str, name: str, province: str, tmp_path: Path
) -> None:
    network = tmp_path / "county"
    accepted("init", network, "--county", county, "--from", "2026-01-01")
    said = tomllib.loads((network / "network.toml").read_text("utf-8"))
    assert (said["city"][0]["name"], said["province"][0]["name"]) == (name, province)
    assert said["city"][0]["province"] == said["province"][0]["code"]


@pytest.mark.parametrize("county", ["9999=某县", "3760=", "9999"])
def test_a_code_that_is_not_known_needs_names(county: str, tmp_path: Path) -> None:
    assert "is not a code and a name" in refused("init", tmp_path / "x", "--county", county).err


def test_shipped_networks_have_the_codes_of_their_cities() -> None:
    """Beside each other a city has one code, by which its cards are known."""
    known = city_codes()
    for name in list_networks():
        model = load_network(name).model
        provinces = {one.code: one.name for one in model.province}
        for city in model.city:
            if city.code in known:
                one = known[city.code]
                assert (one.name in city.name or city.name.endswith("县"), city.province,
                        provinces[city.province][:2]) == (True, one.province, one.province_name[:2])
    assert len({one.name for one in known.values()}) == len(known)


def test_without_a_terminal_what_is_missing_is_said(tmp_path: Path) -> None:
    done = onecard("init", tmp_path / "county")
    assert done.code == 2
    assert "--county not given" in done.err


class Terminal(io.StringIO):
    """What somebody types."""

    def isatty(self) -> bool:
        return True


def test_on_a_terminal_the_rest_is_asked_for(tmp_path: Path) -> None:
    typed = Terminal("\n".join(("3760=霍山县", "34=安徽", "bus=霍山公交", "", "2.50",
                                "101=4.00；102=4.00", "0", "none", "0", "none", "")))
    with mock.patch.object(sys, "stdin", typed):
        done: Outcome = onecard("init", tmp_path / "county", "--from", "2026-01-01")
    assert done.code == 0, done
    assert price(tmp_path / "county", "--line", "102")["paid"] == 400
    assert price(tmp_path / "county", "--line", "7")["paid"] == 250
    assert "student" not in (tmp_path / "county" / "network.toml").read_text("utf-8")


SPLIT = '\n[[concession]]\nrule = "half"\npays_percent = 50\nfunders = "shared"\n'
SHARED = '[funder_splits]\nshared = [{ funder = "finance", weight = 2 }, { funder = "civil" }]\n'


def test_a_split_is_named_once_and_inherited(tmp_path: Path) -> None:
    newer = ('table = "bus"\nlike = "bus@2024-01-01"\nin_force_from = 2025-01-01\n'
             + SPLIT.replace("= 50", "= 40"))
    older = head("bus", more="in_force_until = 2024-12-31")
    write(tmp_path, {"bus": older + SHARED + BUS + SPLIT, "bus-2025": newer})
    assert not check_network(str(tmp_path)).errors
    tables = [one for one in load_tables(tmp_path) if one.table == "bus"]
    assert [[(share.funder, share.weight) for share in one.concession[0].funders]
            for one in tables] == [[("finance", 2), ("civil", None)]] * 2


@pytest.mark.parametrize(("splits", "said"), [
    (SHARED.replace("shared", "elders"), "write one of elders"), ("", "add it: [funder_splits]")])
def test_a_split_that_is_not_there(splits: str, said: str, tmp_path: Path) -> None:
    write(tmp_path, {"bus": head("bus") + splits + BUS + SPLIT})
    error, = check_network(str(tmp_path)).errors
    assert "funders is 'shared', which is no funder split of the table" in error.what
    assert error.remedy.startswith(said)
    assert error.location is not None
    assert error.location.excerpt == 'funders = "shared"'

