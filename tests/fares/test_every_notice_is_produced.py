"""Every notice of fare tables comes out of a network that deserves it: all cases are run."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path

from clearing.answers.check_tables import check_network
from fare_tables.check.notices import MEANINGS
from tests.fares import test_bad_input_is_refused_with_its_place as mistakes
from tests.fares import test_checks_find_what_is_wrong as faults
from tests.fares import test_derived_tables as derived
from tests.fares.folder import BUS, NETWORK, head, write

TODAY = datetime.date(2026, 11, 29)
OVERLAPPING = '[[agreement]]\nagreement = "one"\n[[agreement]]\nagreement = "qr"\nmedia = ["qr"]\n'


def networks(folder: Path) -> Iterator[Path]:
    """Every case of the modules above, and a table that is no text."""
    for fault in (*faults.CASES, faults.too_many()):
        yield write(folder, fault.tables, network=fault.network, files=fault.files)
    for keys in ('no_agreement = "hold"\n{}', f'agreements_overlap = "hold"\n{{}}{OVERLAPPING}'):
        yield write(folder, files={"network.toml": f"{keys.format(NETWORK)}\n"})
    yield write(folder, {"bus": head("bus", more="no_fare_elsewhere = true") + BUS.replace(
        "amount", 'card_kinds = ["adult"]\namount')})
    yield write(folder, files={"network.toml": f"recheck_after_days = 30\n{NETWORK}"})
    for mistake in mistakes.CASES:
        yield write(folder, {"bus": mistake.text})
    for more, *_ in derived.NOT_FOLLOWED:
        yield write(folder, {"bus": derived.PARENT, "night": f"{derived.OWN}{more}\n"})
    write(folder)
    (folder / "bus.toml").write_bytes(b"\xff")
    yield folder


def test_every_notice_is_produced(tmp_path: Path) -> None:
    produced: set[str] = set()
    for folder in networks(tmp_path):
        produced |= {one.code for one in check_network(str(folder), TODAY).findings}
        for path in folder.iterdir():
            path.unlink()
    assert produced == set(MEANINGS)
