"""Whatever stands in a network's files: it is loaded, or refused with its file, line and remedy."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from clearing.engine.context import load_context
from clearing.intake.decoder_tables import DecoderTables
from network.errors import OnecardError, TableError
from network.names import Names
from tests.fares.folder import BUS, METRO, head, write
from tests.fuzz.kept import kept
from tests.run.test_claims_have_limits import APPROVER, LIMITS

FUZZ = settings(max_examples=int(os.environ.get("ONECARD_FUZZ", "150")), deadline=None,
                phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck))
SENDER = '\n[[sender]]\nsender = "s"\noperators = ["bus"]\ndevices = "devices.csv"\n'
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
              network=APPROVER + SENDER, files={"devices.csv": "operator,device\nbus,D1\n"})
        return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


SOUND = sound()


def fault_of(folder: str) -> OnecardError | None:
    """What is wrong with the network of a folder; None: it can be cleared by."""
    try:
        DecoderTables(load_context(folder, Names()))
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


def check(texts: dict[str, bytes]) -> None:
    """Load the network, or be told where it is wrong."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in texts.items():
            Path(folder, name).write_bytes(text)
        fault = fault_of(folder)
    assert fault is None or fault.expected or fault.remedy, fault
    assert not isinstance(fault, TableError) or fault.location is not None, fault
