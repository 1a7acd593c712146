"""Compiling is tables in, arrays out: it numbers nothing, and what it gives can be kept."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fare_tables.compile.numbering import number_names
from fare_tables.compile.tables import compile_tables
from fare_tables.source import load_tables
from network.folder import list_networks
from network.names import Names
from network.network import load_network
from tests.kernels.ground import compile_for, make_network, make_ride, make_table, price

# What a fresh process prices by arrays and rides that it is sent.
PRICE = """
import pickle, sys
import numpy as np
from ext import records
from ext.clearing.pricing import price_rides
from ext.clearing.tables import PricingTables
compiled, rides, states = pickle.load(sys.stdin.buffer)
tables = PricingTables(**compiled)
charges = np.zeros(len(rides), records.CHARGE)
after = np.zeros(len(rides) * tables.counts_to_most, records.ACCUMULATOR)
price_rides(tables, rides, states, np.zeros(0, records.ACCUMULATOR), charges, after)
pickle.dump(charges["price"].tolist(), sys.stdout.buffer)
"""


@pytest.mark.parametrize("network", list_networks())
def test_compiling_numbers_nothing_and_reads_nothing_twice(
    network: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded, names = load_network(network), Names()
    tables = load_tables(loaded.folder.path)
    numbered = number_names(loaded, tables, names)
    before = names.unstored()
    first = compile_tables(tables, numbered)
    monkeypatch.setattr("network.files.read_bounded", None)
    second = compile_tables(tables, numbered)
    assert names.unstored() == before
    assert all(np.array_equal(first[name], second[name]) for name in first)


@pytest.mark.kernels
def test_what_is_compiled_prices_the_same_in_another_process(tmp_path: Path) -> None:
    metro = make_table("metro", counts_to=["month"], fare={
        "rule": "km", "basis": "distance",
        "bands": [{"to_m": 2000, "amount": 200}, {"every_m": 1000, "add": 50}]})
    here = price(tmp_path, [metro, make_table()], make_ride(),
                 make_ride("metro", from_stop="a", to_stop="c"),
                 make_ride("metro", from_stop="b", to_stop="d"))
    assert here.price == [200, 250, 300]
    compiled = compile_for(make_network(tmp_path), metro, make_table())
    assert all(isinstance(value, int | np.ndarray) for value in compiled.values())
    rides = here.rides
    states = np.zeros(1, here.state.dtype)
    states["card_lo"], states["transfers"] = 1, 255
    there = subprocess.run([sys.executable, "-c", PRICE], check=True, stdout=subprocess.PIPE,
                           input=pickle.dumps((compiled, rides, states))).stdout
    assert pickle.loads(there) == here.price
