"""Words that stand in columns and phrases as values: those that the source or a network lists.

Values are told apart by the name of their column, or of their place in a phrase.
"""

from __future__ import annotations

import errno
import os
import tomllib
from enum import IntEnum
from pathlib import Path
from typing import Any, get_args

import fare_tables
from ext.codes import Cause, CorrectionReason, Reason, RideState
from fare_tables.gtfs.records import FAULTS
from fare_tables.model import Discount
from network.calendars import DAY_NAMES
from network.language import HEADING, NUMBERS_HEADING
from network.members import NATION, Level
from network.wording import SIGNS
from settlement.cycles import State
from settlement.disputes import OPENINGS, OVER, STEPS
from settlement.payments import State as PaymentState

NETWORKS = Path(fare_tables.__file__).parent / "data"


def words_of(names: type[IntEnum]) -> list[str]:
    """The names of a code as lists have them, and as sentences do."""
    found = [one.name.lower() for one in names]
    return [*found, *map(str.upper, found), *(word.replace("_", " ") for word in found)]


def listed(key: str) -> set[str]:
    """What shipped networks list under a key."""
    networks = (tomllib.loads(path.read_text("utf-8")) for path in NETWORKS.glob("*/network.toml"))
    return {word for one in networks for word in one[key]}


_KINDS = ("clear", "close", "restate", "pay", "dispute")        # of runs
_BATCHES = ("made", "checked", "declined", "written")           # their states
_DISPUTES = (*OPENINGS.values(), "confirmed", "represented", *OVER)
_COUNTED = [word + more for more in ("", "s") for word in (
    "table", "service", "error", "warning", "combination", "figure")]
_BLANK = ("(blank)",)
STAGES = ("write the day's files", "read and decode", "clear and write entries",
          "write the rest and commit", "close the window", "files to a closed window")
# What a system says of a file that cannot be read or written.
STRERRORS = [os.strerror(code) for code in (
    errno.ENOENT, errno.EACCES, errno.EPERM, errno.EISDIR, errno.ENOTDIR, errno.ENOSPC,
    errno.EEXIST, errno.EROFS, errno.ENAMETOOLONG, errno.ELOOP, errno.EINVAL, errno.EIO)]
CURRENCIES = ("yuan", "rupiah")

VALUES: dict[str, set[str] | list[str] | tuple[Any, ...]] = {
    "action": ("pays", "receives"), "step": STEPS,
    "why": ("claim", "grey record"), "cause": words_of(Cause),
    "reason": [*words_of(Reason), *words_of(CorrectionReason)],
    "state": [*words_of(RideState), *get_args(State), *get_args(PaymentState), *_BATCHES,
              *_DISPUTES],
    "kind": (*_KINDS, "table", "fare", "paid", *get_args(Discount)),
    "level": (*get_args(Level), NATION),
    **dict.fromkeys(("member", "city", "debtor", "debtor_name", "creditor", "creditor_name"),
                    (NATION,)),
    "netting": ("all",),
    "phase": ("open", "concluded", "deciding", "committed", "given up"),
    "dimension": ("operator", "mode", "card_kind", "medium", "city", "line", "age", "reviewed",
                  "companion", "when", "before", "chain", "timing", "from_stop", "to_stop"),
    "measured_from": ("start", "end", "chain"), "measured_to": ("start", "end"),
    "edge": ("lowest", "highest", "terminus"), "day_word": DAY_NAMES,
    "basis": ("flat", "distance", "time", "od", "zone", "validator", "none"),
    "decision": ("released", "rejected"), "severity": ("error", "warning"),
    "side": ("debit", "credit"), "currency": CURRENCIES,
    "unit": (*CURRENCIES, "fen", "h", "min", "s", "m"),
    "limit": ("debit_cap", "prefunded"),
    "sort": ("date", "time", "datetime"),       # of values of TOML
    "sign_name": {name for name, _ in SIGNS.values()},
    "layout": ("guessed",),
    "counts": ("paid", "due"), "what": [*_COUNTED, *STEPS, *listed("modes"), *listed("card_kinds")],
    "who": ("riders", "funder"), "fault": FAULTS,
    "late": ("late",), "away": ("away",), "of": ("validators", "cards"), "terms": ("shortfall",),
    "strerror": STRERRORS,
    "by": ("all", "city", "operator", "mode", "card kind", "funder"),
    NUMBERS_HEADING: ("line",), HEADING: ("province", NATION), "stage": STAGES,
    "mode": listed("modes"),
    "medium": [*listed("media"), *_BLANK],
    "card_kind": [*listed("card_kinds"), *_BLANK],
}
