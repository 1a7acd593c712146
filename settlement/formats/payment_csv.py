"""Payments as plain CSV, for banks that take no messages: one a line, amounts with a point."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import BinaryIO

from network.cells import guarded_cells
from network.civil import day_of
from settlement.formats.iso20022 import MessageHead
from settlement.payments import Payment

CSV = "csv"
COLUMNS = ("reference", "batch", "window", "pay_on", "payer_bank", "payer_account", "payer_name",
           "payee_bank", "payee_account", "payee_name", "amount", "currency")


def write_payment_csv(out: BinaryIO, head: MessageHead, payments: Iterable[Payment]) -> None:
    """A header and a line for each payment, in UTF-8."""
    text = io.TextIOWrapper(out, "utf-8", newline="", write_through=True)
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(guarded_cells(
        (one.reference, one.batch, day_of(one.window), day_of(one.pay_on), *one.payer, *one.payee,
         head.currency.plain(one.amount), one.currency)) for one in payments)
    text.detach()       # `out` stays open
