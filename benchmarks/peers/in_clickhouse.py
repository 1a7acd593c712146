"""The same clearing in ClickHouse SQL, through chdb: CSV reader, windows, joins, one GROUP BY."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from chdb.session import Session

from benchmarks.peers.outcome import Outcome, from_rows

SETTINGS = """
SET session_timezone = 'UTC', max_threads = {threads}, max_insert_threads = {threads},
    input_format_csv_allow_variable_number_of_columns = 1,
    input_format_csv_empty_as_default = 0, input_format_with_names_use_header = 0
"""
NUMBERS = ("tariff", "due", "after_s", "adds", "within_s", "to1", "pays1", "to2", "pays2", "pays3",
           "weight1", "weight2", "credit", "by_validator", "clearing_ppm", "issuer_ppm",
           "ride_limit_s", "day_starts_s")
WORDS = ("operator", "mode", "kind", "medium", "card_kind", "direction")
STATES = ("SINGLE_TAP", "COMPLETE", "SAME_STATION", "OVERTIME", "MISSING_IN", "MISSING_OUT", "OPEN")
COLUMNS = ("card_number, seq, is_exit, time, operator, mode, kind, line, stop, medium, card_kind, "
           "paid_fen, area, issuer")
RIDE = ("state", "card_number", "card_seq", "operator", "mode", "line", "issuer", "medium",
        "card_kind", "started_at", "ended_at", "paid_fen", "operator_before", "mode_before",
        "line_before", "ended_before", "state_before")

# Fields are read as text, which is the fastest here, and made numbers and enums of: a word that an
# enum does not have becomes its blank. A column that is missing takes its default. Columns that
# nothing but another record of the same identity is compared by are hashed.
READ = """
CREATE TABLE taps ENGINE = Memory AS
SELECT * EXCEPT (card, card_seq, paid, direction, way, cut, has_stops, system),
       toUInt16(system * 16 + mode::Int8) AS area,
       multiIf(cut, 'COLUMN_COUNT', position(card, 'E+') > 0, 'CARD_SPREADSHEET',
               card_seq = '', 'MISSING_VALUE', paid_fen IS NULL AND paid <> '', 'AMOUNT_INVALID',
               time = 0, 'TIME_INVALID', {unknown},
               direction = '' AND way <> '', 'UNKNOWN_DIRECTION',
               has_stops AND (operator, stop) NOT IN (SELECT operator, stop FROM stops),
               'UNKNOWN_STOP', '')::LowCardinality(String) AS code
FROM (
    SELECT tap.card, tap.card_seq, tap.paid, tap.line, tap.stop, tap.direction AS way, {casts},
           toUInt64OrZero(card) AS card_number, toUInt32OrZero(card_seq) AS seq,
           kind = 'out' AS is_exit, toInt64OrNull(paid) AS paid_fen,
           assumeNotNull(parseDateTimeOrNull(tapped_at, '%Y-%m-%dT%H:%i:%s')) AS time,
           multiIf({issuer}, '')::{types[issuer]} AS issuer, balance_before = 'missing' AS cut,
           cityHash64(device_seq, device, vehicle, tap.direction, due, balance_before) AS rest
    FROM file('{paths}', CSVWithNames, 'card String, card_seq String, tapped_at String,
        device_seq String, operator String, device String, line String, vehicle String,
        direction String, mode String, kind String, stop String, medium String, card_kind String,
        due String, paid String, balance_before String DEFAULT \\'missing\\'') AS tap
    WHERE NOT startsWith(card, '#')
) AS read
LEFT ANY JOIN runs USING (operator)
"""

# The records of an identity that came more than once are few, and compared as a whole.
DEDUPLICATE = """
CREATE TABLE contents ENGINE = Memory AS
SELECT *, count() OVER (PARTITION BY card_number, seq, is_exit) AS contents FROM (
    SELECT *, count() AS copies FROM taps
    WHERE code = '' AND (card_number, seq, is_exit) IN (
        SELECT card_number, seq, is_exit FROM taps WHERE code = ''
        GROUP BY card_number, seq, is_exit HAVING count() > 1)
    GROUP BY ALL)
"""

# A gate-out and the gate-in before it are one ride, where it is soon enough, in the same mode and
# the same system: in one area. A gate-in with nothing behind it is open as long as its window is.
RIDES = """
CREATE TABLE rides ENGINE = Memory AS
WITH kept AS (
    SELECT {columns} FROM taps
    WHERE code = '' AND (card_number, seq, is_exit) NOT IN (
        SELECT card_number, seq, is_exit FROM contents)
    UNION ALL
    SELECT {columns} FROM contents WHERE contents = 1
), neighbours AS (
    SELECT *, lagInFrame(if(kind = 'in', area, 0)) OVER by_time AS area_in,
           lagInFrame(time) OVER by_time AS time_before,
           lagInFrame(stop) OVER by_time AS stop_before,
           lagInFrame(seq) OVER by_time AS seq_before,
           lagInFrame(line) OVER by_time AS line_before,
           leadInFrame(if(kind = 'out', area, 0)) OVER by_time AS area_out,
           leadInFrame(time) OVER by_time AS time_after
    FROM kept WINDOW by_time AS (PARTITION BY card_number ORDER BY time, seq, is_exit
                                 ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING)
), linked AS (
    SELECT *, is_exit AND area_in = area AND time <= time_before + {limit} AS has_entry,
           kind = 'in' AND area_out = area AND time_after <= time + {limit} AS has_exit
    FROM neighbours
)
SELECT multiIf(kind = 'single', 'SINGLE_TAP', is_exit AND NOT has_entry, 'MISSING_IN',
               is_exit AND stop_before = stop, 'SAME_STATION', is_exit, 'COMPLETE',
               time_after = 0, 'OPEN', 'MISSING_OUT')::{types[state]} AS state,
       card_number, operator, mode, medium, card_kind, issuer, paid_fen, time AS ended_at,
       if(has_entry, time_before, time) AS started_at, if(has_entry, seq_before, seq) AS card_seq,
       if(has_entry AND line = '', line_before, line) AS line,
       multiIf(kind = 'in', stop, has_entry, stop_before, '') AS from_stop,
       if(is_exit, stop, '') AS to_stop
FROM linked
WHERE NOT has_exit
"""

# Due by the tariff; what a concession and a transfer's credit leave; legs by largest remainder;
# fees. All are whole fen. The ride before is asked for only where a card's issuer has any credit.
PRICED = """
CREATE TABLE priced ENGINE = Memory AS
WITH followed AS (
    SELECT *, lagInFrame(operator) OVER by_time AS operator_before,
           lagInFrame(mode) OVER by_time AS mode_before,
           lagInFrame(line) OVER by_time AS line_before,
           lagInFrame(ended_at) OVER by_time AS ended_before,
           lagInFrame(state) OVER by_time AS state_before
    FROM rides WHERE issuer IN (SELECT issuer FROM terms WHERE credit > 0)
    WINDOW by_time AS (PARTITION BY card_number
                       ORDER BY started_at, card_seq, state = 'MISSING_IN'
                       ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)
    UNION ALL
    SELECT *, ''::{types[operator]}, ''::{types[mode]}, '', toDateTime(0), ''::{types[state]}
    FROM rides WHERE issuer NOT IN (SELECT issuer FROM terms WHERE credit > 0)
), charged AS (
    SELECT {followed}, fares.tariff AS tariff, state IN ('MISSING_IN', 'MISSING_OUT') AS incomplete,
           state = 'COMPLETE' AND after_s > 0 AND ended_at > started_at + after_s AS is_overtime,
           fares.due + if(is_overtime, adds, 0) AS due
    FROM followed
    LEFT ANY JOIN lines AS named
        ON named.operator = followed.operator AND named.line = followed.line
    LEFT ANY JOIN (SELECT operator, tariff FROM lines WHERE line = '') AS other
        ON other.operator = followed.operator
    LEFT ANY JOIN fares ON fares.tariff = if(named.tariff > 0, named.tariff, other.tariff)
        AND fares.from_stop = followed.from_stop AND fares.to_stop = followed.to_stop
    LEFT ANY JOIN overtime ON overtime.tariff = fares.tariff
    WHERE state <> 'OPEN'
), conceded AS (
    SELECT {charged}, terms.number AS terms, weight1, weight1 + weight2 AS weights, clearing_ppm,
           issuer_ppm, by_validator,
           if(incomplete, due, intDiv(
               least(due, to1) * pays1 + greatest(least(due, to2) - to1, 0) * pays2
               + greatest(due - to2, 0) * pays3 + 50, 100)) AS reduced,
           if(within_s > 0 AND started_at BETWEEN ended_before AND ended_before + within_s
                  AND NOT incomplete AND state_before NOT IN ('MISSING_IN', 'MISSING_OUT')
                  AND (operator <> operator_before OR line <> line_before),
              least(reduced, credit), 0) AS transfer,
           reduced - transfer AS price,
           if(by_validator = 1, coalesce(paid_fen, 0), price) AS paid
    FROM charged
    LEFT ANY JOIN terms ON terms.tariff = charged.tariff AND terms.issuer = charged.issuer
        AND terms.medium = charged.medium AND terms.card_kind = charged.card_kind
    LEFT ANY JOIN transfers ON transfers.tariff = charged.tariff
        AND from_operator = operator_before AND from_mode = mode_before
)
SELECT if(is_overtime, 'OVERTIME', state)::{types[state]} AS state, card_number, card_seq,
       toDate(started_at - {day_starts}) AS day, terms, due, price, paid, transfer,
       intDiv(2 * (due - reduced) * weight1 + weights, greatest(2 * weights, 1)) AS share1,
       due - reduced - share1 AS share2,
       intDiv(paid * clearing_ppm + 500000, 1000000) AS clearing_fee,
       intDiv(paid * issuer_ppm + 500000, 1000000) AS issuer_fee
FROM conceded
"""

NETTED = """
CREATE TABLE flows ENGINE = Memory AS
WITH sums AS (
    SELECT day, terms, sum(paid) AS paid, sum(share1) AS share1, sum(share2) AS share2,
           sum(transfer) AS transfer, sum(clearing_fee) AS clearing_fee,
           sum(issuer_fee) AS issuer_fee
    FROM priced GROUP BY day, terms
)
SELECT day, owed.1 AS debtor, owed.2 AS creditor, owed.3 AS cause, sum(owed.4)::Int64 AS fen
FROM sums JOIN terms ON terms.number = sums.terms
ARRAY JOIN [
    (issuer::String, operator::String, 'FARE', paid),
    (funder1, operator::String, 'CONCESSION', share1),
    (funder2, operator::String, 'CONCESSION', share2),
    (credit_funder, operator::String, 'TRANSFER', transfer),
    (operator::String, centre, 'CLEARING_FEE', clearing_fee),
    (operator::String, issuer::String, 'ISSUER_FEE', issuer_fee)] AS owed
WHERE debtor <> creditor GROUP BY day, debtor, creditor, cause HAVING fen <> 0
"""

POSITIONS = """
CREATE TABLE positions ENGINE = Memory AS
SELECT member, sum(fen) AS fen FROM (
    SELECT creditor AS member, fen FROM flows
    UNION ALL SELECT debtor, -fen FROM flows) GROUP BY member
"""

REFUSED = """
CREATE TABLE refused ENGINE = Memory AS
SELECT code, sum(records) AS records FROM (
    SELECT code::String AS code, count()::Int64 AS records FROM taps WHERE code <> '' GROUP BY code
    UNION ALL
    SELECT if(contents = 1, 'DUPLICATE', 'CONFLICT'), (copies - (contents = 1))::Int64
    FROM contents
) GROUP BY code
"""


class Base(NamedTuple):
    """A session with reference tables in memory, and the types of columns that hold words."""

    session: Session
    types: dict[str, str]
    words: dict[str, list[str]]


def prepare(network: Path, tables: Path, threads: int) -> Base:
    """The reference tables in memory, their words of the same types as the taps'."""
    session = Session()
    session.query(SETTINGS.format(threads=threads))
    words: dict[str, list[str]] = {"state": list(STATES)}
    for table, column in (("decoder_tables", "value"), ("issuers", "issuer")):
        with (tables / f"{table}.csv").open(encoding="utf-8") as file:
            for row in csv.DictReader(file):
                some = words.setdefault(row.get("field", column), [])
                some += [row[column]] if row[column] else []
    types = {name: _enum(some) for name, some in words.items()}
    types |= {f"from_{name}": types[name] for name in ("operator", "mode")}
    types |= dict.fromkeys(NUMBERS, "Int64")
    for path in sorted(tables.glob("*.csv")):
        with path.open(encoding="utf-8") as file:
            columns = next(csv.reader(file))
        session.query(
            f"CREATE TABLE {path.stem} ENGINE = Memory AS SELECT "
            + ", ".join(f"text.{name}::{types.get(name, 'String')} AS {name}" for name in columns)
            + f", rowNumberInAllBlocks() AS number FROM file('{path.resolve()}', CSVWithNames, '"
            + ", ".join(f"{name} String" for name in columns) + "') AS text")
    session.query("CREATE TABLE runs ENGINE = Memory AS "
                  "SELECT operator, toUInt8(dense_rank() OVER (ORDER BY system)) AS system, "
                  "operator IN (SELECT operator FROM stops) AS has_stops FROM operators")
    return Base(session, types, words)


def _enum(words: Sequence[str]) -> str:
    places = enumerate(["", *words])
    return "Enum8(" + ", ".join(f"'{word}' = {place}" for place, word in places) + ")"


def clear(base: Base, paths: Sequence[Path]) -> Base:
    """From files to positions, in tables of the session."""
    prefixes = _rows(base, "SELECT prefix, issuer FROM issuers ORDER BY length(prefix) DESC")
    limit, day_starts = _rows(base, "SELECT ride_limit_s, day_starts_s FROM settings")[0]
    parts = {
        "paths": f"{paths[0].resolve().parent}/{{{','.join(path.name for path in paths)}}}",
        "types": base.types, "columns": COLUMNS, "limit": limit, "day_starts": day_starts,
        "issuer": ", ".join(f"startsWith(card, '{prefix}'), '{issuer}'"
                            for prefix, issuer in prefixes),
        "casts": ", ".join(
            f"transform(tap.{name}, {words}, {list(range(1, len(words) + 1))}, 0)"
            f"::{base.types[name]} AS {name}"
            for name, words in base.words.items() if name in WORDS),
        "unknown": ", ".join(f"{name} = '', 'UNKNOWN_{name.upper()}'" for name in WORDS
                             if name != "direction"),
        "followed": ", ".join(f"followed.{name} AS {name}" for name in RIDE),
        "charged": ", ".join(f"charged.{name} AS {name}" for name in (
            *RIDE, "due", "incomplete", "is_overtime")),
    }
    for statement in (READ, DEDUPLICATE, RIDES, PRICED, NETTED, POSITIONS, REFUSED):
        base.session.query(statement.format(**parts))
    return base


def _rows(base: Base, query: str) -> list[list[Any]]:
    rows: list[list[Any]] = json.loads(str(base.session.query(query, "JSONCompact")))["data"]
    return rows


def describe(base: Base, paths: Sequence[Path], result: Base) -> Outcome:
    """What the tables hold."""
    return from_rows(
        refused=_rows(base, "SELECT code, records FROM refused"),
        rides=_rows(base, "SELECT state, count() FROM priced GROUP BY state"),
        still_open=_rows(base, "SELECT count() FROM rides WHERE state = 'OPEN'")[0][0],
        sums=_rows(base, "SELECT sum(due), sum(price), sum(paid), sum((card_number % 9973 + 1) "
                   "* (card_seq % 89 + 1) * (due + 3 * price + 7 * paid)) FROM priced")[0],
        flows=_rows(base, "SELECT * FROM flows"),
        positions=_rows(base, "SELECT * FROM positions"))
