"""Whatever stands in a bank's file, it is read or refused in words: no crash, no hang."""

from __future__ import annotations

import io
import os
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from network.errors import OnecardError
from settlement.formats.answers import Answer, Message, read_answers
from tests.fuzz.kept import kept
from tests.run.paying import notification, status_report

ROWS = [{"payment": number, "reference": f"OC0123456789-1-{number}", "amount": 100 + number,
         "action": "pays" if number % 2 else "receives"} for number in range(1, 6)]
SECONDS_MOST = 2        # of a processor, for any file of a few kilobytes
# What is put in the place of some bytes.
BITS = (b"", b"<", b">", b"&", b"&lt;", b"&x;", b"<Ntry>", b"</Ntry>", b"<TxDtls/>", b"<Stmt>",
        b"<GrpHdr/>", b"<Amt Ccy=\"CNY\">1</Amt>", b"<Bal/>", b"-1", b"1e9", b".", b"9" * 40,
        b"\0", b"\xff\xfe", b"<![CDATA[x]]>", b"<!-- x -->", b"<?x y?>", b"BOOK", b"DBIT")


@pytest.fixture(scope="module")
def messages(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    folder: Path = tmp_path_factory.mktemp("messages")
    said = [(number, "BOOK", "") for number in range(1, 6)]
    paths = [status_report(folder / "a.xml", ROWS, [(1, "RJCT", "AC04"), (2, "ACSC", "")]),
             notification(folder / "b.xml", ROWS, said, kind="camt.053.001.08"),
             notification(folder / "c.xml", ROWS, [*said, (2, "BACK", "AC01")])]
    return [path.read_bytes() for path in paths]


changes = st.lists(st.tuples(st.integers(0, 4_000), st.integers(0, 300), st.sampled_from(BITS)),
                   min_size=1, max_size=4)


@settings(max_examples=int(os.environ.get("ONECARD_FUZZ", "400")), deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(which=st.integers(0, 2), changed=changes)
def test_a_message_that_was_spoilt(
        messages: list[bytes], which: int, changed: list[tuple[int, int, bytes]]) -> None:
    text = messages[which]
    for start, length, bits in changed:
        place = start % len(text)
        text = text[:place] + bits + text[place + length:]
    read(text)


@settings(max_examples=int(os.environ.get("ONECARD_FUZZ", "200")), deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes(text: bytes) -> None:
    read(text)


@pytest.mark.parametrize("path", kept("answers"), ids=lambda path: path.name)
def test_answers_that_are_kept(path: Path) -> None:
    read(path.read_bytes())


def read(text: bytes) -> None:
    """Read it to its end, or be told in words where it ends."""
    refused, items = None, []
    began = time.process_time()     # whatever else the machine is at
    try:
        items = list(read_answers(io.BytesIO(text), "file"))
    except OnecardError as error:
        refused = error
    assert time.process_time() - began < SECONDS_MOST
    if refused is not None:
        assert refused.where.startswith("file:")
        assert refused.found and refused.expected and refused.remedy
        return
    assert isinstance(items[0], Message)
    assert all(item.amount is None or item.amount.value >= 0
               for item in items if isinstance(item, Answer))
