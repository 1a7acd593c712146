"""Books with closed windows to pay, and banks' answers to what was written."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.run.command import REPOSITORY, accepted, onecard, write_csv

NETWORK = REPOSITORY / "examples" / "network"
XSD = REPOSITORY.parent / "shared" / "data" / "iso20022" / "xsd"
WINDOW, LATER = "2024-11-25", "2024-11-26"
COLUMNS = ("card", "card_seq", "tapped_at", "operator", "device", "device_seq", "mode", "kind",
           "stop", "line", "card_kind", "paid")
MAKER, CHECKER = ("--by", "Li Na"), ("--by", "Wang Wei")


def network_with(folder: Path, more: str) -> Path:
    """The examples' network in a folder, with more in its network.toml."""
    network = folder / "network"
    shutil.copytree(NETWORK, network, dirs_exist_ok=True)
    own = (NETWORK / "network.toml").read_text("utf-8")
    (network / "network.toml").write_text(own + more, "utf-8")
    return network


def settle_example(book: Path | str, network: Path = NETWORK) -> None:
    """Clear the examples' day, and close it."""
    taps = sorted((REPOSITORY / "examples/taps").glob("*.csv"))
    accepted("clear", *taps, "--network", network, "--book", book, "--acknowledgements",
             Path(book).parent / "acknowledgements")
    accepted("settle", "--window", WINDOW, "--yes", "--book", book)


def settle_later(book: Path | str) -> None:
    """A day more: one rider of Haikou pays 1.70."""
    row = dict(zip(COLUMNS, ("3105000020000000035", 900, f"{LATER}T08:00:00", "hk-bus", "P2201", 1,
                             "bus", "single", "龙华总站", "19", "ordinary",
                             170), strict=True))
    path = write_csv(Path(book).parent / "later.csv", [row], COLUMNS)
    accepted("clear", path, "--book", book, "--acknowledgements", path.parent / "acknowledgements")
    accepted("settle", "--window", LATER, "--yes", "--book", book)


def make(book: Path | str, *words: str) -> int:
    """Make a batch; its number."""
    out = accepted("pay", "make", *MAKER, "--on", LATER, "--book", book, *words).out
    found = re.match(r"batch (\d+) is made: ", out)
    assert found is not None, out
    return int(found[1])


def make_written(book: Path | str, out: Path, form: str = "pain.001", *words: str) -> int:
    """Make a batch, have it checked and write it; its number."""
    batch = make(book, *words)
    accepted("pay", "check", str(batch), *CHECKER, "--book", book)
    accepted("pay", "write", str(batch), "--format", form, "--out", out, "--book", book)
    return batch


def listed(book: Path | str) -> dict[str, Any]:
    """What `pay list` lists."""
    found: dict[str, Any] = json.loads(accepted("pay", "list", "--json", "--book", book).out)
    return found


def payments(book: Path | str, batch: int) -> list[dict[str, Any]]:
    """The payments of a batch."""
    done = onecard("pay", "show", str(batch), "--json", "--book", book)
    assert done.code == 0, done
    rows: list[dict[str, Any]] = json.loads(done.out)
    return rows


def moved(rows: Sequence[dict[str, Any]]) -> dict[tuple[str, str], int]:
    """What each member gets for each window, less what it pays."""
    return {(row["window"], row["member"]):
            row["amount"] if row["action"] == "receives" else -row["amount"] for row in rows}


# What a bank says of one payment: its number, its status, and why.
Said = tuple[int, str, str]
_URN = "urn:iso:std:iso:20022:tech:xsd:"


def status_report(path: Path, sent: Sequence[dict[str, Any]], said: Sequence[Said],
                  identity: str = "BANK-1", **changes: str) -> Path:
    """A pain.002 of the payments of a batch; changes: texts by their element's name."""
    by_number = {row["payment"]: row for row in sent}
    transactions = []
    for number, status, reason in said:
        row = by_number[number]
        why = f"<StsRsnInf><Rsn><Cd>{reason}</Cd></Rsn></StsRsnInf>" if reason else ""
        transactions.append(
            f"<TxInfAndSts><OrgnlEndToEndId>{row['reference']}</OrgnlEndToEndId>"
            f"<TxSts>{status}</TxSts>{why}<OrgnlTxRef><Amt><InstdAmt Ccy=\"CNY\">"
            f"{yuan(row['amount'])}</InstdAmt></Amt></OrgnlTxRef></TxInfAndSts>")
    message = sent[0]["reference"].rpartition("-")[0]
    text = f"""<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="{_URN}pain.002.001.10"><CstmrPmtStsRpt>
<GrpHdr><MsgId>{identity}</MsgId><CreDtTm>2024-11-26T10:00:00</CreDtTm></GrpHdr>
<OrgnlGrpInfAndSts><OrgnlMsgId>{message}</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId>
<OrgnlNbOfTxs>{len(sent)}</OrgnlNbOfTxs><OrgnlCtrlSum>{yuan(sum(row['amount'] for row in sent))}\
</OrgnlCtrlSum>
<GrpSts>PART</GrpSts></OrgnlGrpInfAndSts>
<OrgnlPmtInfAndSts><OrgnlPmtInfId>{message}</OrgnlPmtInfId>
{chr(10).join(transactions)}
</OrgnlPmtInfAndSts>
</CstmrPmtStsRpt></Document>
"""
    return _write(path, text, changes)


def notification(path: Path, sent: Sequence[dict[str, Any]], said: Sequence[Said],
                 identity: str = "BANK-2", kind: str = "camt.054.001.08", **changes: str) -> Path:
    """A camt.054, or a camt.053, of the settlement account: what was booked there, what came back.

    The status is BOOK, PDNG, or BACK: booked as a return, with its reason.
    """
    by_number = {row["payment"]: row for row in sent}
    entries, total = [], 0
    for number, status, reason in said:
        row = by_number[number]
        out = (row["action"] == "receives") != (status == "BACK")
        total += (-row["amount"] if out else row["amount"]) * (status != "PDNG")
        why = f"<RtrInf><Rsn><Cd>{reason}</Cd></Rsn></RtrInf>" if reason else ""
        amount = f'<Amt Ccy="CNY">{yuan(row["amount"])}</Amt>'
        side = f"<CdtDbtInd>{'DBIT' if out else 'CRDT'}</CdtDbtInd>"
        booked = "BOOK" if status == "BACK" else status
        entries.append(
            f"<Ntry>{amount}{side}<Sts><Cd>{booked}</Cd></Sts><BkTxCd/><NtryDtls><TxDtls>"
            f"<Refs><EndToEndId>{row['reference']}</EndToEndId></Refs>{amount}{side}{why}"
            "</TxDtls></NtryDtls></Ntry>")
    body, report = {"camt.052": ("BkToCstmrAcctRpt", "Rpt"), "camt.053": ("BkToCstmrStmt", "Stmt"),
                    "camt.054": ("BkToCstmrDbtCdtNtfctn", "Ntfctn")}[kind[:8]]
    text = f"""<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="{_URN}{kind}"><{body}>
<GrpHdr><MsgId>{identity}</MsgId><CreDtTm>2024-11-26T18:00:00</CreDtTm></GrpHdr>
<{report}><Id>1</Id><Acct><Id><Othr><Id>9000-0001</Id></Othr></Id><Ccy>CNY</Ccy></Acct>
{_balances(total) if report == "Stmt" else ""}
{chr(10).join(entries)}
</{report}></{body}></Document>
"""
    return _write(path, text, changes)


def _balances(total: int) -> str:
    """From 1,000.00 on."""
    return "\n".join(
        f'<Bal><Tp><CdOrPrtry><Cd>{name}</Cd></CdOrPrtry></Tp><Amt Ccy="CNY">{yuan(amount)}</Amt>'
        "<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2024-11-26</Dt></Dt></Bal>"
        for name, amount in (("OPBD", 100_000), ("CLBD", 100_000 + total)))


def _write(path: Path, text: str, changes: dict[str, str]) -> Path:
    for name, value in changes.items():
        text, count = re.subn(rf"(<{name}>)[^<]*", rf"\g<1>{value}", text, count=1)
        assert count, name
    path.write_text(text, "utf-8")
    return path


def yuan(amount: int) -> str:
    """An amount as messages have it."""
    return f"{amount // 100}.{amount % 100:02}"
