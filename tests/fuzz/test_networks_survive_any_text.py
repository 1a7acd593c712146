"""Whatever stands in a network's files: it is loaded, or refused with its file, line and remedy."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from clearing.engine.context import load_context
from clearing.intake.decoder_tables import DecoderTables
from clearing.intake.deny_lists import DenyLists
from clearing.intake.layout import load_layout
from network.errors import OnecardError, TableError
from network.names import Names
from network.network import load_network
from tests.fares.folder import BUS, METRO, head, write
from tests.fuzz.kept import kept
from tests.run.test_claims_have_limits import APPROVER, LIMITS

FUZZ = settings(max_examples=int(os.environ.get("ONECARD_FUZZ", "150")), deadline=None,
                phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck))
SENDER = '\n[[sender]]\nsender = "s"\noperators = ["bus"]\ndevices = "devices.csv"\n'
# The list's digest is that of what stands in its file, also where that is spoilt.
DENIED = """
[[deny_list]]
version = 1
on_validators_at = 2024-11-01T04:00:00
file = "all.csv"
sha256 = "DIGEST"
"""
LAYOUT = """
title = "a layout"
format = "csv"
[fields]
card = { column = "card", strip = true }
card_seq = { from_time = true }
tapped_at = { column = "at", time = ["%Y-%m-%d %H:%M:%S"] }
operator = { constant = "bus" }
device = { column = "device" }
device_seq = { constant = "0" }
mode = { constant = "bus" }
kind = { column = "kind", map = { "1" = "single" } }
stop = { constant = "" }
paid = { column = "paid", decimals = 2 }
"""
REGISTER = "card,valid_from,predecessor\n18888,,\n18889,2024-11-25T12:00:00,18888\n"
VALUES = st.sampled_from([
    '""', '"x"', '"../x"', '"\\u001b[2J"', "0", "-1", "1", str(2**62), str(2**64), "9" * 5000,
    "1.5", "nan", "inf", "true", "[]", "{}", "[[]]", '["bus", "bus"]', '["metro"]', "2024-02-29",
    "9999-12-31", "0001-01-01", "23:59:59.999999", "2024-01-01T00:00:00Z", '"bus"', '"card"',
    '"stops.csv"', '"network.toml"', '"validator"', "'''", '"' + "x" * 300 + '"', "[" * 500,
    '"站"', "{ x = 1 }",
]).map(str.encode) | st.binary(max_size=6)
# A value, a key, a line, or a field: what is taken away or written over.
PART = re.compile(rb"(?<== ).+|^[\w.]+(?= =)|^\[\[?\w+\]\]?|[^,\n]+", re.MULTILINE)


@st.composite
def spoilt(draw: st.DrawFn, texts: dict[str, bytes]) -> dict[str, bytes]:
    """The files with a few parts of them changed."""
    texts = dict(texts)
    for _ in range(draw(st.integers(1, 3))):
        name = draw(st.sampled_from(sorted(texts)))
        parts = list(PART.finditer(texts[name]))
        if not parts:
            continue
        part = draw(st.sampled_from(parts))
        start, end = draw(st.sampled_from([part.span(), (part.start(), part.start())]))
        texts[name] = texts[name][:start] + draw(VALUES) + texts[name][end:]
    return texts


def sound() -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), {"bus": head("bus") + BUS + LIMITS, "metro": head("metro") + METRO},
              network=APPROVER + SENDER + DENIED, files={
                  "devices.csv": "operator,device\nbus,D1\n", "cards.csv": REGISTER,
                  "deny.csv": "card,to\n10001,\n10005,10009\n", "layout.toml": LAYOUT})
        texts = {path.name: path.read_bytes() for path in Path(folder).iterdir()}
    texts["network.toml"] = b'card_register = "cards.csv"\n' + texts["network.toml"]
    return texts


SOUND = sound()


def fault_of(folder: str) -> OnecardError | None:
    """What is wrong with the network of a folder; None: it can be cleared by."""
    try:
        DecoderTables(load_context(folder, Names()))
        DenyLists(load_network(folder)).read_all()
        load_layout(Path(folder), "own")
    except OnecardError as error:
        return error
    return None


@FUZZ
@given(texts=spoilt(SOUND))
def test_any_text(texts: dict[str, bytes]) -> None:
    check(texts)


@pytest.mark.parametrize("path", kept("network"), ids=lambda path: path.name)
def test_networks_that_are_kept(path: Path) -> None:
    check({**SOUND, "network.toml": path.read_bytes()})


@pytest.mark.parametrize("path", kept("beside"), ids=lambda path: path.name)
def test_files_beside_that_are_kept(path: Path) -> None:
    check({**SOUND, path.name.partition(".")[2]: path.read_bytes()})


def test_a_network_that_nobody_spoilt() -> None:
    with tempfile.TemporaryDirectory() as folder:
        lay_out(folder, SOUND)
        assert fault_of(folder) is None


def lay_out(folder: str, texts: dict[str, bytes]) -> None:
    """Write the files of a network to where it looks for them."""
    places = {"deny.csv": "deny/all.csv", "layout.toml": "layouts/own.toml"}
    digest = hashlib.sha256(texts["deny.csv"]).hexdigest().encode()
    for name, text in texts.items():
        path = Path(folder, places.get(name, name))
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text.replace(b"DIGEST", digest))


def check(texts: dict[str, bytes]) -> None:
    """Load the network, or be told where it is wrong."""
    with tempfile.TemporaryDirectory() as folder:
        lay_out(folder, texts)
        fault = fault_of(folder)
    assert fault is None or fault.expected or fault.remedy, fault
    assert not isinstance(fault, TableError) or fault.location is not None, fault
