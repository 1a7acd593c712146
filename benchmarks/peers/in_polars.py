"""The same clearing in Polars: one sort by card and time, then shifts, joins and one group_by."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
from polars import col, lit, when

from benchmarks.peers.outcome import Outcome, from_rows

WORDS = ("operator", "direction", "mode", "kind", "medium", "card_kind", "line", "stop")
NUMBERS = {"card_seq": pl.UInt32, "device_seq": pl.UInt32, "due": pl.Int32,
           "balance_before": pl.Int32}
COLUMNS = ("card", "card_seq", "tapped_at", "device_seq", "operator", "device", "line", "vehicle",
           "direction", "mode", "kind", "stop", "medium", "card_kind", "due", "paid",
           "balance_before")
SCHEMA = {name: NUMBERS.get(name, pl.Categorical if name in WORDS else pl.String)
          for name in COLUMNS}
IDENTITY = ["card", "card_seq", "is_exit"]
BY_TIME = ["card", "tapped_at", "is_exit", "card_seq"]
STATE = pl.Enum(["SINGLE_TAP", "COMPLETE", "SAME_STATION", "OVERTIME", "MISSING_IN", "MISSING_OUT",
                 "OPEN"])
CODE = ISSUER = pl.Categorical
INCOMPLETE = ["MISSING_IN", "MISSING_OUT"]
Tables = dict[str, pl.DataFrame]


class Result(NamedTuple):
    """Everything in memory."""

    refused: pl.DataFrame
    rides: pl.DataFrame
    still_open: int
    obligations: pl.DataFrame
    positions: pl.DataFrame


def prepare(network: Path, tables: Path, threads: int) -> Tables:
    """The reference tables in memory. Polars takes its threads from POLARS_MAX_THREADS."""
    texts = dict.fromkeys((*WORDS, "issuer", "from_operator", "from_mode", "from_stop", "to_stop"),
                          pl.Categorical)
    return {path.stem: pl.read_csv(path, schema_overrides={**texts, "prefix": pl.String})
            for path in sorted(tables.glob("*.csv"))}


def clear(tables: Tables, paths: Sequence[Path]) -> Result:
    """From files to positions."""
    taps = _read(tables, paths)
    watermark = taps.filter(col("code").is_null())["tapped_at"].max()
    kept, again = _deduplicate(taps)
    rides = _pair(tables, kept, watermark)
    priced = _price(tables, rides.filter(col("state") != "OPEN"))
    obligations = _net(tables, priced)
    refused = pl.concat([taps["code"].drop_nulls(), again]).value_counts(name="records")
    positions = pl.concat([
        obligations.select("fen", member="creditor"),
        obligations.select(-col("fen"), member="debtor"),
    ]).group_by("member").agg(col("fen").sum())
    return Result(refused, priced, rides.height - priced.height, obligations, positions)


def _read(tables: Tables, paths: Sequence[Path]) -> pl.DataFrame:
    """Every record, with the code of what is wrong with it.

    The CSV reader fills short records up and does not tell, so lines are looked at once more.
    """
    line = col("line")
    is_record = ~line.str.starts_with("#") & ~line.str.starts_with("card,")
    short = pl.scan_lines(paths).filter(is_record).with_row_index("row").filter(
        line.str.count_matches(",", literal=True) != len(COLUMNS) - 1)
    runs = tables["operators"].select(
        "operator", col("system").cast(pl.Categorical),
        has_stops=col("operator").is_in(tables["stops"]["operator"].implode()))
    card, paid = col("card").cast(pl.UInt64, strict=False), col("paid").cast(pl.Int64, strict=False)
    prefixes = tables["issuers"].sort(col("prefix").str.len_chars(), descending=True).rows()
    taps = pl.scan_csv(
        paths, schema=SCHEMA, comment_prefix="#", ignore_errors=True, quote_char=None,
        row_index_name="row",
    ).join(runs.lazy(), on="operator", how="left").join(
        tables["stops"].lazy().with_columns(is_known=lit(True)), on=["operator", "stop"], how="left"
    ).with_columns(
        tapped_at=col("tapped_at").str.to_datetime("%Y-%m-%dT%H:%M:%S", strict=False),
        issuer=pl.coalesce(when(col("card").str.starts_with(prefix)).then(lit(issuer, ISSUER))
                           for prefix, issuer in prefixes),
        is_exit=col("kind") == "out",
    ).with_columns(code=pl.coalesce(
        when(col("card").str.contains("E+", literal=True)).then(lit("CARD_SPREADSHEET", CODE)),
        when(col("card_seq").is_null()).then(lit("MISSING_VALUE", CODE)),
        when(paid.is_null() & col("paid").is_not_null()).then(lit("AMOUNT_INVALID", CODE)),
        when(col("tapped_at").is_null()).then(lit("TIME_INVALID", CODE)),
        *(when(~col(field).is_in(rows["value"].implode()))
          .then(lit(f"UNKNOWN_{field.upper()}", CODE))
          for (field,), rows in tables["decoder_tables"].group_by("field")),
        when(col("has_stops") & col("is_known").is_null()).then(lit("UNKNOWN_STOP", CODE)),
    ), card=card, paid=paid)
    short_rows, read = pl.collect_all([short, taps], engine="streaming")
    return read.with_columns(
        code=when(col("row").is_in(short_rows["row"].implode())).then(lit("COLUMN_COUNT", CODE))
        .otherwise(col("code")))


def _deduplicate(taps: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series]:
    """The records that stay, one of each identity; the codes of those that do not."""
    good = taps.lazy().filter(col("code").is_null())
    repeated = good.group_by(IDENTITY).len().filter(col("len") > 1).collect()
    few = good.join(repeated.lazy(), on=IDENTITY, how="semi").collect()
    contents = few.group_by([*SCHEMA, "is_exit"]).agg(
        pl.len().alias("copies"), col("row").first()).with_columns(
        contents=pl.len().over(IDENTITY))
    refused = contents.select(
        pl.when(col("contents") > 1).then(lit("CONFLICT", CODE)).otherwise(lit("DUPLICATE", CODE))
        .repeat_by(col("copies") - (col("contents") == 1)).explode().alias("code"))
    dropped = few.join(contents.filter(col("contents") == 1), on="row", how="anti")
    kept = good.join(dropped.lazy().select("row"), on="row", how="anti").select(
        "card", "card_seq", "is_exit", "tapped_at", "kind", "system", "operator", "mode", "line",
        "stop", "medium", "card_kind", "issuer", "paid")
    return kept.collect(), refused["code"].drop_nulls()


def _pair(tables: Tables, kept: pl.DataFrame, watermark: Any) -> pl.DataFrame:
    """Rides, in the order of cards and time; entries that are still open, too.

    A gate-out and the gate-in before it are one ride, where it is soon enough, in the same mode and
    the same system.
    """
    limit = pl.duration(seconds=tables["settings"]["ride_limit_s"][0])
    is_in, is_out = col("kind") == "in", col("is_exit")
    pairs = (is_in & is_out.shift(-1) & (col("card") == col("card").shift(-1))
             & (col("system") == col("system").shift(-1)) & (col("mode") == col("mode").shift(-1))
             & (col("tapped_at").shift(-1) <= col("tapped_at") + limit)).fill_null(False)
    is_last = (col("card") != col("card").shift(-1)).fill_null(True)
    has_entry = col("has_entry")

    def first(name: str) -> pl.Expr:
        return when(has_entry).then(col(name).shift(1)).otherwise(col(name))

    return kept.lazy().sort(BY_TIME).with_columns(has_exit=pairs, is_last=is_last).with_columns(
        has_entry=col("has_exit").shift(1, fill_value=False)
    ).with_columns(
        state=when(col("kind") == "single").then(lit("SINGLE_TAP", STATE))
        .when(is_out & ~has_entry).then(lit("MISSING_IN", STATE))
        .when(is_out & (col("stop") == col("stop").shift(1))).then(lit("SAME_STATION", STATE))
        .when(is_out).then(lit("COMPLETE", STATE))
        .when(col("is_last") & (col("tapped_at") + limit >= watermark)).then(lit("OPEN", STATE))
        .otherwise(lit("MISSING_OUT", STATE)),
        started_at=first("tapped_at"), ended_at=col("tapped_at"), card_seq=first("card_seq"),
        line=pl.coalesce("line", when(has_entry).then(col("line").shift(1))),
        from_stop=when(is_in).then(col("stop")).when(has_entry).then(col("stop").shift(1)),
        to_stop=when(is_out).then(col("stop")),
    ).filter(~col("has_exit")).select(
        "card", "card_seq", "state", "started_at", "ended_at", "from_stop", "to_stop", "operator",
        "mode", "line", "medium", "card_kind", "issuer", "paid").collect()


def _price(tables: Tables, rides: pl.DataFrame) -> pl.DataFrame:
    """Due by the tariff; what a concession and a transfer's credit leave; legs and fees.

    Legs are split by largest remainder. All are whole fen: // is integer division.
    """
    named = tables["lines"].drop_nulls("line").lazy()
    other = tables["lines"].filter(col("line").is_null()).select("operator", any_line="tariff")
    transfers = tables["transfers"].rename({"from_operator": "operator_before",
                                            "from_mode": "mode_before"})
    terms = tables["terms"].with_row_index("terms").drop("operator")
    incomplete = col("state").is_in(pl.Series(INCOMPLETE, dtype=STATE).implode())
    same_card = col("card") == col("card").shift(1)
    due, reduced, price, paid = col("due"), col("reduced"), col("price"), col("rider_paid")
    is_overtime = ((col("state") == "COMPLETE")
                   & (col("ended_at") > col("started_at") + pl.duration(seconds="after_s")))
    pays = (pl.min_horizontal("due", "to1") * col("pays1")
            + (pl.min_horizontal("due", "to2") - col("to1")).clip(lower_bound=0) * col("pays2")
            + (due - col("to2")).clip(lower_bound=0) * col("pays3") + 50) // 100
    since = col("started_at") - col("ended_before")
    moved = (
        (since >= pl.duration(seconds=0)) & (since <= pl.duration(seconds="within_s"))
        & ~incomplete & (col("operator").ne_missing(col("operator_before"))
                         | col("line").ne_missing(col("line_before"))))
    weights = col("weight1") + col("weight2")
    day_starts = pl.duration(seconds=tables["settings"]["day_starts_s"][0])
    return rides.lazy().with_columns(
        operator_before=when(same_card & ~incomplete.shift(1)).then(col("operator").shift(1)),
        mode_before=col("mode").shift(1), line_before=col("line").shift(1),
        ended_before=col("ended_at").shift(1),
    ).join(named, on=["operator", "line"], how="left").join(
        other.lazy(), on="operator", how="left"
    ).with_columns(tariff=pl.coalesce("tariff", "any_line")).join(
        tables["fares"].lazy(), on=["tariff", "from_stop", "to_stop"], how="left", nulls_equal=True
    ).join(tables["overtime"].lazy(), on="tariff", how="left").join(
        terms.lazy(), on=["tariff", "issuer", "medium", "card_kind"], how="left"
    ).join(
        transfers.lazy(), on=["tariff", "operator_before", "mode_before"], how="left"
    ).with_columns(is_overtime=is_overtime.fill_null(False)).with_columns(
        due=due + when(col("is_overtime")).then(col("adds")).otherwise(0),
    ).with_columns(reduced=when(incomplete).then(due).otherwise(pays)).with_columns(
        transfer=when(moved).then(pl.min_horizontal("reduced", "credit")).otherwise(0),
    ).with_columns(price=reduced - col("transfer")).with_columns(
        rider_paid=when(col("by_validator") == 1).then(pl.coalesce("paid", "price"))
        .otherwise(price),
        share1=((2 * (due - reduced) * col("weight1") + weights)
                // pl.max_horizontal(2 * weights, lit(1))),
    ).select(
        "card", "card_seq", "terms", "due", "price", "transfer", "share1", paid="rider_paid",
        state=when(col("is_overtime")).then(lit("OVERTIME", STATE)).otherwise(col("state")),
        day=(col("started_at") - day_starts).dt.date(), share2=due - reduced - col("share1"),
        clearing_fee=(paid * col("clearing_ppm") + 500_000) // 1_000_000,
        issuer_fee=(paid * col("issuer_ppm") + 500_000) // 1_000_000,
    ).collect()


def _net(tables: Tables, priced: pl.DataFrame) -> pl.DataFrame:
    """What members owe each other, by day and cause."""
    fen = ["paid", "share1", "share2", "transfer", "clearing_fee", "issuer_fee"]
    sums = priced.lazy().group_by("day", "terms").agg(col(fen).sum()).join(
        tables["terms"].lazy().with_row_index("terms"), on="terms").collect()
    causes = [("issuer", "operator", "FARE"), ("funder1", "operator", "CONCESSION_SHARE"),
              ("funder2", "operator", "CONCESSION_SHARE"),
              ("credit_funder", "operator", "TRANSFER_SHARE"),
              ("operator", "centre", "CLEARING_FEE"), ("operator", "issuer", "ISSUER_FEE")]
    return pl.concat([
        sums.select("day", col(debtor).cast(pl.String).alias("debtor"),
                    col(creditor).cast(pl.String).alias("creditor"), cause=lit(cause), fen=amount)
        for amount, (debtor, creditor, cause) in zip(fen, causes, strict=True)
    ]).filter((col("fen") != 0) & (col("debtor") != col("creditor"))).group_by(
        "day", "debtor", "creditor", "cause").agg(col("fen").sum())


def describe(tables: Tables, paths: Sequence[Path], result: Result) -> Outcome:
    """What the frames hold."""
    check = ((col("card") % 9973 + 1).cast(pl.Int64) * (col("card_seq") % 89 + 1).cast(pl.Int64)
             * (col("due") + 3 * col("price") + 7 * col("paid")))
    return from_rows(
        refused=result.refused.rows(), rides=result.rides["state"].value_counts().rows(),
        still_open=result.still_open,
        sums=result.rides.select(col("due", "price", "paid").sum(), check=check.sum()).row(0),
        obligations=result.obligations.rows(), positions=result.positions.rows())
