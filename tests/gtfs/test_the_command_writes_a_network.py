"""onecard tables import-gtfs: what it writes loads, is always the same, and says what is lost."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from clearing.engine.context import load_context
from fare_tables.gtfs import import_feed
from network.names import Names
from tests.gtfs.riders import BASE, SHARED, needs_shared, write_feed
from tests.gtfs.test_broken_feeds_are_refused import zipped

FEED = {**BASE, "fare_products.txt": "fare_product_id,amount,currency\np,2.50,EUR\nq,4.00,EUR",
        "areas.txt": "area_id\nwest", "stop_areas.txt": "area_id,stop_id\nwest,P",
        "fare_leg_rules.txt": "leg_group_id,from_area_id,fare_product_id\ng,west,q\ng,,p",
        "fare_transfer_rules.txt": "from_leg_group_id,to_leg_group_id,transfer_count,"
                                   "duration_limit,duration_limit_type,fare_transfer_type\n"
                                   "g,g,1,3600,1,0"}



def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_it_is_named_after_the_agency(tmp_path: Path) -> None:
    write_feed(tmp_path / "feed", FEED)
    done = onecard("tables", "import-gtfs", "feed", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == ("small-town: network small-town, 1 table, 1 fare row, 1 transfer "
                           "row; nothing not expressed, 0 assumed\n")
    assert sorted(path.name for path in (tmp_path / "small-town").iterdir()) == [
        "SOURCES.md", "fares.toml", "matrix-1.csv", "network.toml", "stops.csv", "zones.csv"]


def onecard(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from clearing.cli import main; main()", *words], cwd=folder,
        capture_output=True, text=True, check=False)


def test_what_is_lost_makes_exit_code_1(tmp_path: Path) -> None:
    write_feed(tmp_path / "feed", FEED, {
        "fare_products.txt": "fare_product_id,amount,currency,colour\np,2.50,EUR,red\nq,4.00,EUR,"})
    done = onecard("tables", "import-gtfs", "feed", "--out", "there", folder=tmp_path)
    assert done.returncode == 1
    assert "fare_products.txt:1: " in done.stdout
    assert "[GTFS_COLUMN]" in done.stdout


def test_a_refused_feed_makes_exit_code_2(tmp_path: Path) -> None:
    write_feed(tmp_path / "feed", FEED, {"stops.txt": ""})
    done = onecard("tables", "import-gtfs", "feed", "--out", "there", folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "stops.txt: is missing [GTFS_FILE_MISSING]" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "there").exists()


@pytest.mark.parametrize("missing", ["gtfs_loader", "tomli_w"])
def test_without_the_extra_it_says_how_to_get_it(missing: str, tmp_path: Path) -> None:
    write_feed(tmp_path / "feed", FEED)
    script = (f"import sys; sys.modules[{missing!r}] = None; from clearing.cli import main; "
              "sys.argv = ['onecard', 'tables', 'import-gtfs', 'feed']; main()")
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True,
                          text=True, check=False)
    assert done.returncode == 2
    assert "pip install 'onecard-clearing[gtfs]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_other_commands_do_not_wait_for_the_reader(tmp_path: Path) -> None:
    script = ("import sys; from clearing.cli import tables, onecard; "
              "assert not {'gtfs_loader', 'tomli_w', 'fare_tables.gtfs'} & set(sys.modules)")
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True,
                          check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_the_same_feed_makes_the_same_bytes(tmp_path: Path) -> None:
    feed = write_feed(tmp_path / "feed", FEED)
    import_feed(feed, tmp_path / "first")
    packed = zipped(tmp_path / "feed.zip", {
        path.name: path.read_bytes() for path in sorted(feed.iterdir(), reverse=True)})
    import_feed(packed, tmp_path / "second")
    assert contents(tmp_path / "first") == contents(tmp_path / "second")


@needs_shared
@pytest.mark.parametrize("name", ["mbta_faresv2", "nigiri_fares/simple_fares"])
def test_hashes_change_nothing(name: str, tmp_path: Path) -> None:
    """Sets are walked in an order of their own in each process."""
    for seed in ("1", "2"):
        subprocess.run([sys.executable, "-c", "import sys; from clearing.cli import main; main()",
                        "tables", "import-gtfs", str(SHARED / name), "--out", seed],
                       cwd=tmp_path, env={"PYTHONHASHSEED": seed}, capture_output=True, check=False)
    assert contents(tmp_path / "1") == contents(tmp_path / "2")


def test_the_kernels_can_be_given_what_was_written(tmp_path: Path) -> None:
    import_feed(write_feed(tmp_path / "feed", FEED), tmp_path / "there")
    context = load_context(str(tmp_path / "there"), Names())
    assert context.network.model.network == "small-town"
    assert [table.table for table in context.tables] == ["small-town-fares"]


def test_the_check_finds_nothing(tmp_path: Path) -> None:
    import_feed(write_feed(tmp_path / "feed", FEED), tmp_path / "there")
    done = onecard("tables", "check", "there", folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_one_ride_is_priced(tmp_path: Path) -> None:
    import_feed(write_feed(tmp_path / "feed", FEED), tmp_path / "there")
    done = onecard("price", "--network", "there", "--mode", "metro", "--line", "red", "--from", "P",
                   "--to", "Q", "--at", "2024-05-13 08:00", "--json", folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"due": 400' in done.stdout.replace('":4', '": 4')
