"""Every message that a bank has sent is read; the wrong one is refused with its reason.

The files are 26 of genkgo/camt (MIT), one of them wrong on purpose.
"""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from network.errors import OnecardError
from settlement.formats.answers import Answer, Item, Message, Report, read_answers
from settlement.payments import FAILED, STATES, State, becomes

FILES = Path(__file__).parents[3] / "shared" / "data" / "iso20022" / "camt_xml"
NAMES = sorted(path.name for path in FILES.glob("*.xml"))
needs_files = pytest.mark.skipif(not NAMES, reason=f"no files of banks in {FILES}")


def read(name: str) -> list[Item]:
    with (FILES / name).open("rb") as file:
        return list(read_answers(file, name))


@needs_files
def test_all_that_banks_have_sent_are_read() -> None:
    for name in NAMES:
        if "wrong" not in name:
            first, *items = read(name)
            assert isinstance(first, Message), name
            assert first.message.startswith("camt.05")
            assert any(isinstance(item, Report) for item in items), name
            assert all(item.side in ("CRDT", "DBIT") and item.amount is not None
                       for item in items if isinstance(item, Answer)), name


@needs_files
def test_the_wrong_one_is_refused_with_its_reason() -> None:
    with pytest.raises(OnecardError, match="has no statement in it"):
        read("camt053.v2.wrong.xml")


@needs_files
def test_amounts_are_read_as_they_are_written() -> None:
    [answer] = [item for item in read("camt053.v2.five.decimals.xml") if isinstance(item, Answer)]
    assert answer.amount is not None
    assert answer.amount.value * 1_000 == 885_000 * 1_000
    reports = [item for item in read("camt053.v2.multi.statement.xml") if isinstance(item, Report)]
    assert [one.account for one in reports] == ["NL26VAYB8060476890"] * 2


class Long:
    """A statement of so many entries, made as it is read."""

    HEAD = (b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>'
            b"<GrpHdr><MsgId>1</MsgId></GrpHdr><Stmt>")
    ENTRY = (b'<Ntry><Amt Ccy="CNY">1.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts>'
             b"<AddtlNtryInf>" + b"x" * 200 + b"</AddtlNtryInf></Ntry>")
    TAIL = b"</Stmt></BkToCstmrStmt></Document>"

    def __init__(self, entries: int) -> None:
        self._parts = itertools.chain([self.HEAD], itertools.repeat(self.ENTRY, entries),
                                      [self.TAIL])
        self._text = b""

    def read(self, size: int) -> bytes:
        while len(self._text) < size and (part := next(self._parts, b"")):
            self._text += part
        part, self._text = self._text[:size], self._text[size:]
        return part


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def test_memory_does_not_follow_a_file() -> None:
    """100,000 entries, 30 MB as text, a few times that as a tree: one is held at a time."""
    entries, start, most = 0, 0, 0
    for item in read_answers(Long(100_000), "long.xml"):
        entries += isinstance(item, Answer)
        if entries % 5_000 == 1:
            start = start or resident_bytes()
            most = max(most, resident_bytes())
    assert entries == 100_000
    assert most - start < 16 << 20, f"{most - start:,} bytes more"


def becomes_in_order(said: tuple[State, ...]) -> str | None:
    """What a payment is after these answers; None: they contradict each other."""
    state: str = "written"
    try:
        for one in said:
            state = becomes(state, one) or state
    except ValueError:
        return None
    return state


def test_the_order_of_answers_decides_nothing() -> None:
    """Any three, in any order: the same outcome, or a contradiction in every one of them."""
    every: tuple[State, ...] = ("pending", "paid", "rejected", "returned")
    for said in itertools.combinations_with_replacement(every, 3):
        if "returned" in said:
            continue        # money that came back is told below: what was said before is history
        assert len({becomes_in_order(order) for order in itertools.permutations(said)}) == 1, said
    for said in itertools.permutations(("pending", "paid", "returned")):
        assert becomes_in_order(said) == "returned"     # type: ignore[arg-type]


def test_every_status_has_a_meaning() -> None:
    assert {*STATES.values()} | {"returned"} == {"pending", "paid", *FAILED}


REPORT = ('<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt>'
          "<GrpHdr><MsgId>M</MsgId></GrpHdr><OrgnlGrpInfAndSts><OrgnlMsgId>O</OrgnlMsgId>"
          "<GrpSts>ACSC</GrpSts></OrgnlGrpInfAndSts></CstmrPmtStsRpt></Document>")
HEADER = '<AppHdr xmlns="urn:iso:std:iso:20022:tech:xsd:head.001.001.02"><BizMsgIdr/></AppHdr>'


def test_a_message_in_an_envelope(tmp_path: Path) -> None:
    """As banks hand on what came over a network: a header beside it, in an element of theirs."""
    path = tmp_path / "answer.xml"
    for wrapped in (REPORT, f"<Envelope>{HEADER}{REPORT}</Envelope>",
                    f'<n:Data xmlns:n="x"><n:Body>{HEADER}{REPORT}</n:Body><n:Seal/></n:Data>'):
        path.write_text(wrapped, "utf-8")
        with path.open("rb") as file:
            assert [one.status for one in read_answers(file, "answer.xml")
                    if isinstance(one, Answer)] == ["ACSC"]
    for wrapped, words in ((f"<Envelope>{REPORT}{REPORT}</Envelope>", "a second message begins"),
                           (f"<Envelope>{HEADER}</Envelope>", "outermost element is 'Envelope'")):
        path.write_text(wrapped, "utf-8")
        with path.open("rb") as file, pytest.raises(OnecardError, match=words):
            list(read_answers(file, "answer.xml"))
