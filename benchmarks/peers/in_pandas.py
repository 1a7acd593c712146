"""The same clearing in pandas: pyarrow's reader, categories as numbers, one sort, then shifts.

Everything after reading runs on one thread, as pandas does; tables are looked up by position, which
is many times as fast as a merge.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from benchmarks.peers.outcome import Outcome, from_rows

IDENTITY = ["card", "card_seq", "is_exit"]
SINGLE, IN, OUT = range(3)      # places in the decoder_tables
STATES = ["SINGLE_TAP", "COMPLETE", "SAME_STATION", "OVERTIME", "MISSING_IN", "MISSING_OUT", "OPEN"]
SINGLE_TAP, COMPLETE, SAME_STATION, OVERTIME, MISSING_IN, MISSING_OUT, OPEN = range(len(STATES))
MIX = 0x9E3779B97F4A7C1         # odd
BLANK = -1                      # the place of what is missing, and the amount
FEN = ["paid", "share1", "share2", "transfer", "clearing_fee", "issuer_fee"]
CAUSES = [("issuer", "operator", "FARE"), ("funder1", "operator", "CONCESSION_SHARE"),
          ("funder2", "operator", "CONCESSION_SHARE"),
          ("credit_funder", "operator", "TRANSFER_SHARE"),
          ("operator", "centre", "CLEARING_FEE"), ("operator", "issuer", "ISSUER_FEE")]
Array = np.ndarray[Any, Any]


class Reference(NamedTuple):
    """Reference tables by place: of words in their lists, of rows in arrays; a blank comes last."""

    words: dict[str, list[str]]     # of each column that is read as a category
    tables: dict[str, pd.DataFrame]
    issuers: list[tuple[str, int]]  # prefix, place of the issuer
    has_stop: Array                 # [operator, stop]
    system: Array                   # [operator]
    tariff: Array                   # [operator, line]
    fare: Array                     # [tariff, from_stop, to_stop]; -1: no fare
    transfer_s: Array               # [tariff, operator before, mode before]; -1: no transfer


class Result(NamedTuple):
    """Everything in memory."""

    refused: Counter[str]
    rides: pd.DataFrame
    still_open: int
    obligations: pd.DataFrame
    positions: pd.Series


def prepare(network: Path, tables: Path, threads: int) -> Reference:
    """The reference tables as arrays."""
    pa.set_cpu_count(threads)
    texts = dict.fromkeys(("line", "stop", "from_stop", "to_stop", "prefix"), str)
    read = {path.stem: pd.read_csv(path, dtype=texts, keep_default_na=False)
            for path in tables.glob("*.csv")}
    words = {field: rows["value"].tolist() for field, rows in read["decoder_tables"].groupby("field")}
    words["stop"] = sorted(set(read["stops"]["stop"]))
    words["line"] = ["", *sorted(set(read["lines"]["line"]) - {""})]
    words["issuer"] = list(dict.fromkeys(read["issuers"]["issuer"]))
    at = {name: {word: place for place, word in enumerate(words[name])} for name in words}
    operators, tariffs = len(words["operator"]), read["terms"]["tariff"].max() + 1
    stops = len(words["stop"])

    def place(table: str, column: str, words_of: str) -> Any:
        return read[table][column].map(at[words_of]).fillna(BLANK).astype(int).to_numpy()

    has_stop = np.zeros((operators, stops + 1), bool)
    has_stop[place("stops", "operator", "operator"), place("stops", "stop", "stop")] = True
    tariff = np.full((operators, len(words["line"])), BLANK)
    lines = read["lines"].sort_values("line")       # a blank one first: every other line
    for operator, line, number in lines.itertuples(index=False):
        row = tariff[at["operator"][operator]]
        row[slice(None) if line == "" else at["line"][line]] = number
    fare = np.full((tariffs, stops + 1, stops + 1), BLANK)
    start, end = place("fares", "from_stop", "stop"), place("fares", "to_stop", "stop")
    fare[read["fares"]["tariff"], start, end] = read["fares"]["due"]
    transfer_s = np.full((tariffs, operators, len(words["mode"])), BLANK)
    transfer_s[read["transfers"]["tariff"], place("transfers", "from_operator", "operator"),
               place("transfers", "from_mode", "mode")] = read["transfers"]["within_s"]
    issuers = sorted(zip(read["issuers"]["prefix"], place("issuers", "issuer", "issuer"),
                         strict=True), key=lambda issuer: len(issuer[0]))     # the longest holds
    return Reference(words, read, issuers, has_stop, pd.factorize(read["operators"]["system"])[0],
                     tariff, fare, transfer_s)


def clear(reference: Reference, paths: Sequence[Path]) -> Result:
    """From files to positions."""
    refused: Counter[str] = Counter()
    records = _read(paths, refused)
    taps, is_good = _check(reference, records, refused)
    watermark = taps["tapped_at"].to_numpy()[is_good].max()
    _deduplicate(records, taps, is_good, refused)
    rides = _pair(reference, taps, is_good, watermark)
    priced = _price(reference, rides)
    is_priced = priced["state"] != OPEN
    obligations = _net(reference, priced[is_priced])
    positions = obligations.groupby("creditor")["fen"].sum().sub(
        obligations.groupby("debtor")["fen"].sum(), fill_value=0)
    return Result(refused, priced[is_priced], int((~is_priced).sum()), obligations, positions)


def _read(paths: Sequence[Path], refused: Counter[str]) -> pd.DataFrame:
    """Every record that has all its fields, as text."""
    def skip(row: Any) -> str:
        refused["COLUMN_COUNT"] += not row.text.startswith("#")
        return "skip"

    return pd.concat([
        pd.read_csv(path, engine="pyarrow", dtype=str, on_bad_lines=skip, keep_default_na=False)
        for path in paths], ignore_index=True)


def _check(reference: Reference, records: pd.DataFrame,
           refused: Counter[str]) -> tuple[pd.DataFrame, Array]:
    """Records as numbers, and which of them are good."""
    taps, is_good = pd.DataFrame(index=records.index), np.ones(len(records), bool)

    def refuse(is_wrong: Any, code: str) -> None:
        nonlocal is_good
        refused[code] += int(np.count_nonzero(is_good & is_wrong))
        is_good &= ~is_wrong

    for name, code in (("card", "CARD_SPREADSHEET"), ("card_seq", "MISSING_VALUE"),
                       ("paid", "AMOUNT_INVALID")):
        digits = records[name].str.isdigit().to_numpy(bool)
        refuse(~digits & (name != "paid" or (records[name] != "").to_numpy(bool)), code)
        taps[name] = records[name].where(digits, "-1").astype("int64[pyarrow]").to_numpy()
    times = pd.to_datetime(records["tapped_at"], format="ISO8601", errors="coerce")
    refuse(times.isna().to_numpy(), "TIME_INVALID")
    taps["tapped_at"] = times.to_numpy("datetime64[s]").astype(np.int64)
    for name in ("operator", "mode", "kind", "medium", "card_kind", "direction"):
        known = records[name].astype("category").cat.set_categories(reference.words[name])
        taps[name] = known.cat.codes
        refuse((taps[name] == BLANK).to_numpy(), f"UNKNOWN_{name.upper()}")
    stops = records["stop"].astype("category").cat.set_categories(reference.words["stop"])
    operator, taps["stop"] = taps["operator"].to_numpy(), stops.cat.codes
    refuse(reference.has_stop.any(axis=1)[operator]
           & ~reference.has_stop[operator, taps["stop"].to_numpy()], "UNKNOWN_STOP")
    lines = records["line"].astype("category").cat
    taps["line"], taps["tariff"] = lines.codes, reference.tariff[operator, pd.Index(
        reference.words["line"]).get_indexer(lines.categories).clip(0)[lines.codes]]
    taps["issuer"] = np.int8(BLANK)
    for prefix, number in reference.issuers:
        taps.loc[records["card"].str.startswith(prefix).to_numpy(bool), "issuer"] = number
    return taps, is_good


def _deduplicate(records: pd.DataFrame, taps: pd.DataFrame, is_good: Array,
                 refused: Counter[str]) -> None:
    """Of each identity one record stays good, or none where their contents differ."""
    taps["is_exit"] = taps["kind"] == OUT
    mixed = (taps["card"] * MIX + taps["card_seq"]) * 2 + taps["is_exit"]   # may meet by chance
    maybe_seen = np.flatnonzero(is_good)[mixed[is_good].duplicated(keep=False)]
    few = records.take(maybe_seen).assign(is_exit=taps["is_exit"].take(maybe_seen))
    few = few[few.duplicated(IDENTITY, keep=False)]
    contents = few.drop_duplicates()
    disputed = contents[contents.duplicated(IDENTITY, keep=False)].set_index(IDENTITY).index
    is_disputed = few.set_index(IDENTITY).index.isin(disputed)
    dropped = few.index[is_disputed].union(few.index.difference(contents.index))
    refused["CONFLICT"] += int(is_disputed.sum())
    refused["DUPLICATE"] += len(dropped) - int(is_disputed.sum())
    is_good[dropped] = False


def _pair(reference: Reference, taps: pd.DataFrame, is_good: Array, watermark: int) -> pd.DataFrame:
    """Rides, in the order of cards and time; entries that are still open, too.

    A gate-out and the gate-in before it are one ride, where it is soon enough, in the same mode and
    the same system.
    """
    taps = taps[is_good]
    # By time, boarding before exit, counter: in one number, and then by card.
    moment = ((taps["tapped_at"] - taps["tapped_at"].min()) * 2 + taps["is_exit"]) * 2**32
    taps = taps.take(np.lexsort((moment + taps["card_seq"], taps["card"])))
    tap = {name: taps[name].to_numpy() for name in taps}
    card, time, kind = tap["card"], tap["tapped_at"], tap["kind"]
    area = reference.system[tap["operator"]] * 16 + tap["mode"]
    limit = int(reference.tables["settings"]["ride_limit_s"].iloc[0])
    same_card = card[1:] == card[:-1]
    pairs = (same_card & (kind[:-1] == IN) & (kind[1:] == OUT) & (area[1:] == area[:-1])
             & (time[1:] <= time[:-1] + limit))
    has_exit, has_entry = np.append(pairs, False), np.append(False, pairs)
    is_last = np.append(~same_card, True)
    first = np.arange(len(taps)) - has_entry
    stop_in, stop_out = tap["stop"][first], tap["stop"]
    state = np.select(
        [kind == SINGLE, has_entry & (stop_in == stop_out), has_entry, kind == OUT,
         is_last & (time + limit >= watermark)],
        [SINGLE_TAP, SAME_STATION, COMPLETE, MISSING_IN, OPEN], MISSING_OUT)
    return pd.DataFrame({
        "card": card, "card_seq": tap["card_seq"][first], "state": state,
        "started_at": time[first], "ended_at": time,
        "from_stop": np.where((kind == IN) | has_entry, stop_in, BLANK),
        "to_stop": np.where(kind == OUT, stop_out, BLANK),
        **{name: tap[name] for name in ("operator", "mode", "line", "tariff", "medium", "card_kind",
                                        "issuer", "paid")},
    })[~has_exit]


def _price(reference: Reference, rides: pd.DataFrame) -> pd.DataFrame:
    """Due by the tariff; what a concession and a transfer's credit leave; legs and fees.

    Legs are split by largest remainder. All are whole fen: // is integer division.
    """
    ride = {name: rides[name].to_numpy() for name in rides}
    tariff, state, start, end = (ride[name] for name in ("tariff", "state", "started_at",
                                                         "ended_at"))
    words, tables = reference.words, reference.tables
    incomplete = (state == MISSING_IN) | (state == MISSING_OUT)
    due = reference.fare[tariff, ride["from_stop"], ride["to_stop"]]
    for number, after_s, adds in tables["overtime"].itertuples(index=False):
        is_overtime = (tariff == number) & (state == COMPLETE) & (end > start + after_s)
        due, state = due + adds * is_overtime, np.where(is_overtime, OVERTIME, state)
    row = tariff - 1                # of the terms, which stand in this order
    for name in ("issuer", "medium", "card_kind"):
        row = row * len(words[name]) + ride[name]
    term = {name: tables["terms"][name].to_numpy().take(row) for name in (
        "to1", "pays1", "to2", "pays2", "pays3", "weight1", "weight2", "credit", "by_validator",
        "clearing_ppm", "issuer_ppm")}
    pays = (np.minimum(due, term["to1"]) * term["pays1"]
            + (np.minimum(due, term["to2"]) - term["to1"]).clip(0) * term["pays2"]
            + (due - term["to2"]).clip(0) * term["pays3"] + 50) // 100
    reduced = np.where(incomplete, due, pays)
    # The ride before is the row before, if it is the same card's and has both its ends.
    before = np.arange(len(rides)) - 1
    since = start - end[before]
    moved = (
        (ride["card"] == ride["card"][before]) & ~incomplete & ~incomplete[before] & (since >= 0)
        & (since <= reference.transfer_s[tariff, ride["operator"][before], ride["mode"][before]])
        & ((ride["operator"] != ride["operator"][before]) | (ride["line"] != ride["line"][before])))
    moved[:1] = False
    transfer = np.where(moved, np.minimum(reduced, term["credit"]), 0)
    price = reduced - transfer
    paid = np.where((term["by_validator"] == 1) & (ride["paid"] != BLANK), ride["paid"], price)
    weights = term["weight1"] + term["weight2"]
    share1 = (2 * (due - reduced) * term["weight1"] + weights) // np.maximum(2 * weights, 1)
    day_starts = int(tables["settings"]["day_starts_s"].iloc[0])
    return pd.DataFrame({
        "card": ride["card"], "card_seq": ride["card_seq"], "state": state, "terms": row,
        "day": (start - day_starts) // 86_400, "due": due, "price": price, "paid": paid,
        "share1": share1, "share2": due - reduced - share1, "transfer": transfer,
        "clearing_fee": (paid * term["clearing_ppm"] + 500_000) // 1_000_000,
        "issuer_fee": (paid * term["issuer_ppm"] + 500_000) // 1_000_000})


def _net(reference: Reference, priced: pd.DataFrame) -> pd.DataFrame:
    """What members owe each other, by day and cause."""
    sums = priced.groupby(["day", "terms"])[FEN].sum().reset_index()
    sums = sums.join(reference.tables["terms"], on="terms")
    sums["day"] = pd.to_datetime(sums["day"], unit="D").dt.strftime("%Y-%m-%d")
    owed = pd.concat([
        pd.DataFrame({"day": sums["day"], "debtor": sums[debtor], "creditor": sums[creditor],
                      "cause": cause, "fen": sums[fen]})
        for fen, (debtor, creditor, cause) in zip(FEN, CAUSES, strict=True)])
    owed = owed[(owed["fen"] != 0) & (owed["debtor"] != owed["creditor"])]
    return owed.groupby(["day", "debtor", "creditor", "cause"])["fen"].sum().reset_index()


def describe(reference: Reference, paths: Sequence[Path], result: Result) -> Outcome:
    """What the frames hold."""
    rides = result.rides
    check = (rides["card"] % 9973 + 1) * (rides["card_seq"] % 89 + 1) * (
        rides["due"] + 3 * rides["price"] + 7 * rides["paid"])
    return from_rows(
        refused=result.refused.items(), still_open=result.still_open,
        rides=((STATES[state], count) for state, count in rides["state"].value_counts().items()),
        sums=[*rides[["due", "price", "paid"]].sum(), check.sum()],
        obligations=result.obligations.itertuples(index=False), positions=result.positions.items())
