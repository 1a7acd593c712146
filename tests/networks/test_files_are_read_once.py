"""Each file of a network is opened once per command, whoever of the engine asks for it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner

import network.files
from clearing.answers.check_tables import check_network
from clearing.cli.price import command as price
from clearing.engine.context import load_context
from clearing.intake.decoder_tables import DecoderTables
from network.names import Names
from network.network import load_network
from network.numbering import number_members
from tests.fares.folder import METRO, PAIRS, head, write

OD = '\n[[fare]]\nrule = "od"\nmedia = ["qr"]\nbasis = "od"\nmatrix = "od.csv"\n'
ZONES = ('\n[[fare]]\nrule = "zones"\ncard_kinds = ["student"]\nbasis = "zone"\n'
         'zones = "zones.csv"\n'
         'matrix = "zone-fares.csv"\n')
LINE = ('\n[[fare]]\nrule = "line"\ncard_kinds = ["senior"]\nbasis = "distance"\n'
        'distance = "line"\nbands = [{ amount = 200 }]\n')
TOML = {"network.toml", "metro.toml", "bus.toml"}
CSV = {"stops.csv", "links.csv", "line-stops.csv", "od.csv", "zones.csv", "zone-fares.csv"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A network whose tables need every sort of file."""
    half = "".join(f"{pair},150\n" for pair in PAIRS if set(pair) <= set("ab,"))
    return write(tmp_path, {"metro": head("metro") + OD + ZONES + LINE + METRO}, files={
        "zones.csv": "stop,zone\na,a\nb,a\nc,b\nd,b\n",
        "zone-fares.csv": "from,to,amount\na,a,100\nb,b,100\n" + half})


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each file has been read since."""
    counts: Counter[str] = Counter()
    read = network.files.read_bounded

    def count(path: Path, bytes_most: int) -> str:
        counts[path.name] += 1
        return read(path, bytes_most)

    monkeypatch.setattr(network.files, "read_bounded", count)
    return counts


def test_a_run_reads_each_file_once(folder: Path, opened: Counter[str]) -> None:
    DecoderTables(load_context(str(folder), Names()))
    assert opened == dict.fromkeys(TOML | CSV, 1)


def test_a_check_of_the_tables_reads_each_file_once(folder: Path, opened: Counter[str]) -> None:
    report = check_network(str(folder))
    assert report.fares > 0
    assert opened == dict.fromkeys(TOML | CSV, 1)


def test_a_price_reads_each_file_once(folder: Path, opened: Counter[str]) -> None:
    asked = ("--network", str(folder), "--mode", "metro", "--from", "a", "--to", "d",
             "--at", "2024-11-25 07:50")
    result = CliRunner().invoke(price, asked)
    assert result.exit_code == 0, result.output
    assert opened == dict.fromkeys(TOML | CSV, 1)


def test_who_only_reads_a_book_reads_no_table(folder: Path, opened: Counter[str]) -> None:
    number_members(load_network(str(folder)), Names())
    assert opened == {"network.toml": 1}
