"""The same clearing in DuckDB: CSV reader with types and rejects, windows, joins, one GROUP BY."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.peers.outcome import Outcome, from_rows

# Types of reference columns other than text, the same as the taps' so that joins compare numbers.
TYPES = {
    **dict.fromkeys(("operator", "mode", "medium", "card_kind", "issuer"), "{}"),
    "from_operator": "operator", "from_mode": "mode", "tariff": "UTINYINT",
    **dict.fromkeys((
        "due", "after_s", "adds", "within_s", "to1", "pays1", "to2", "pays2", "pays3", "weight1",
        "weight2", "credit", "by_validator", "clearing_ppm", "issuer_ppm", "ride_limit_s",
        "day_starts_s"), "BIGINT"),
}

# A word that is not of an enum's type is the reader's to reject, and so is a line with columns
# missing. Where a type would round (2.00 is an integer to DuckDB), the text is read and judged.
# Columns that nothing but another record of the same identity is compared by are hashed.
READ = """
CREATE TABLE taps AS
SELECT try_cast(card AS UBIGINT) AS card, card_seq, kind = 'out' AS is_exit, tapped_at, operator,
       mode, kind, line, stop, medium, card_kind, try_cast(paid AS BIGINT) AS paid, system,
       {issuer} AS issuer, system * 16 + enum_code(mode) AS area,
       hash(device_seq, device, vehicle, direction, due, balance_before) AS rest,
       CASE WHEN contains(card, 'E+') THEN 'CARD_SPREADSHEET'
            WHEN card_seq IS NULL THEN 'MISSING_VALUE'
            WHEN contains(paid, '.') THEN 'AMOUNT_INVALID'
            WHEN has_stops AND (operator, stop) NOT IN (SELECT (operator, stop) FROM stops)
                THEN 'UNKNOWN_STOP' END AS code
FROM read_csv({paths}, auto_detect = false, header = true, delim = ',', quote = '', escape = '',
              comment = '#', store_rejects = true, columns = {{
    'card': 'VARCHAR', 'card_seq': 'UINTEGER', 'tapped_at': 'TIMESTAMP', 'device_seq': 'UINTEGER',
    'operator': 'operator', 'device': 'VARCHAR', 'line': 'VARCHAR', 'vehicle': 'VARCHAR',
    'direction': 'direction', 'mode': 'mode', 'kind': 'kind', 'stop': 'VARCHAR',
    'medium': 'medium', 'card_kind': 'card_kind', 'due': 'INTEGER', 'paid': 'VARCHAR',
    'balance_before': 'INTEGER'}})
JOIN runs USING (operator)
"""

# The records of an identity that came more than once are few, and compared as a whole.
DEDUPLICATE = """
CREATE TABLE repeated AS
SELECT * FROM taps WHERE code IS NULL AND (card, card_seq, is_exit) IN (
    SELECT (card, card_seq, is_exit) FROM taps WHERE code IS NULL
    GROUP BY card, card_seq, is_exit HAVING count(*) > 1);
CREATE TABLE contents AS
SELECT *, count(*) OVER (PARTITION BY card, card_seq, is_exit) AS contents
FROM (SELECT *, count(*) AS copies FROM repeated GROUP BY ALL)
"""

# A gate-out and the gate-in before it are one ride, where it is soon enough, in the same mode and
# the same system: in one area. A gate-in with nothing behind it is open as long as its window is.
RIDES = """
CREATE TABLE rides AS
WITH kept AS (
    FROM taps ANTI JOIN repeated USING (card, card_seq, is_exit) WHERE code IS NULL
    UNION ALL BY NAME
    SELECT * EXCLUDE (copies, contents) FROM contents WHERE contents = 1
), neighbours AS (
    SELECT *, lag(CASE WHEN kind = 'in' THEN area END) OVER by_time AS area_in,
           lag(tapped_at) OVER by_time AS tapped_before, lag(stop) OVER by_time AS stop_before,
           lag(card_seq) OVER by_time AS seq_before, lag(line) OVER by_time AS line_before,
           lead(CASE WHEN kind = 'out' THEN area END) OVER by_time AS area_out,
           lead(tapped_at) OVER by_time AS tapped_after
    FROM kept WINDOW by_time AS (PARTITION BY card ORDER BY tapped_at, card_seq, is_exit)
), linked AS (
    SELECT *, coalesce(is_exit AND area_in = area AND tapped_at <= tapped_before + {limit}, false)
               AS has_entry,
           coalesce(kind = 'in' AND area_out = area AND tapped_after <= tapped_at + {limit}, false)
               AS has_exit
    FROM neighbours
)
SELECT (CASE WHEN kind = 'single' THEN 'SINGLE_TAP'
             WHEN is_exit AND NOT has_entry THEN 'MISSING_IN'
             WHEN is_exit AND stop_before = stop THEN 'SAME_STATION' WHEN is_exit THEN 'COMPLETE'
             WHEN tapped_after IS NULL THEN 'OPEN' ELSE 'MISSING_OUT' END)::state AS state,
       card, operator, mode, medium, card_kind, issuer, paid, tapped_at AS ended_at,
       CASE WHEN has_entry THEN tapped_before ELSE tapped_at END AS started_at,
       CASE WHEN has_entry THEN seq_before ELSE card_seq END AS card_seq,
       CASE WHEN has_entry THEN coalesce(line, line_before) ELSE line END AS line,
       CASE WHEN kind = 'in' THEN stop WHEN has_entry THEN stop_before END AS from_stop,
       CASE WHEN is_exit THEN stop END AS to_stop
FROM linked
WHERE NOT has_exit
"""

# Due by the tariff; what of it is left after a concession, and after a transfer's credit; legs
# by largest remainder; fees. All are whole fen: // is integer division. The ride before is asked
# for only where a card's issuer has any credit for transfers.
PRICED = """
CREATE TABLE priced AS
WITH followed AS (
    SELECT *, lag(operator) OVER by_time AS operator_before, lag(mode) OVER by_time AS mode_before,
           lag(line) OVER by_time AS line_before, lag(ended_at) OVER by_time AS ended_before,
           lag(state) OVER by_time IN ('MISSING_IN', 'MISSING_OUT') AS incomplete_before
    FROM rides WHERE issuer IN (SELECT issuer FROM terms WHERE credit > 0)
    WINDOW by_time AS (PARTITION BY card ORDER BY started_at, card_seq, state = 'MISSING_IN')
    UNION ALL BY NAME
    FROM rides WHERE issuer NOT IN (SELECT issuer FROM terms WHERE credit > 0)
), fares_due AS (
    SELECT followed.*, fares.tariff, state IN ('MISSING_IN', 'MISSING_OUT') AS incomplete,
           state = 'COMPLETE' AND coalesce(ended_at > started_at + to_seconds(after_s), false)
               AS is_overtime,
           due + CASE WHEN is_overtime THEN adds ELSE 0 END AS due
    FROM followed
    LEFT JOIN lines AS named USING (operator, line)
    LEFT JOIN lines AS other ON other.operator = followed.operator AND other.line IS NULL
    LEFT JOIN fares ON fares.tariff = coalesce(named.tariff, other.tariff)
        AND fares.from_stop IS NOT DISTINCT FROM followed.from_stop
        AND fares.to_stop IS NOT DISTINCT FROM followed.to_stop
    LEFT JOIN overtime ON overtime.tariff = fares.tariff
    WHERE state <> 'OPEN'
), conceded AS (
    SELECT fares_due.* EXCLUDE paid, terms.number AS terms, weight1, weight1 + weight2 AS weights,
           clearing_ppm, issuer_ppm,
           CASE WHEN incomplete THEN due ELSE
               (least(due, to1) * pays1 + greatest(least(due, to2) - to1, 0) * pays2
                + greatest(due - to2, 0) * pays3 + 50) // 100 END AS reduced,
           CASE WHEN started_at BETWEEN ended_before AND ended_before + to_seconds(within_s)
                 AND NOT incomplete AND NOT incomplete_before
                 AND (operator <> operator_before OR line IS DISTINCT FROM line_before)
                THEN least(reduced, credit) ELSE 0 END AS transfer,
           reduced - transfer AS price,
           CASE WHEN by_validator = 1 THEN coalesce(fares_due.paid, 0) ELSE price END AS paid
    FROM fares_due
    JOIN terms USING (tariff, operator, issuer, medium, card_kind)
    LEFT JOIN transfers ON transfers.tariff = fares_due.tariff
        AND from_operator = operator_before AND from_mode = mode_before
)
SELECT CASE WHEN is_overtime THEN 'OVERTIME' ELSE state END AS state, card, card_seq,
       CAST(started_at - {day_starts} AS DATE) AS day, terms, due, price, paid, transfer,
       (2 * (due - reduced) * weight1 + weights) // greatest(2 * weights, 1) AS share1,
       due - reduced - share1 AS share2,
       (paid * clearing_ppm + 500_000) // 1_000_000 AS clearing_fee,
       (paid * issuer_ppm + 500_000) // 1_000_000 AS issuer_fee
FROM conceded
"""

NETTED = """
CREATE TABLE flows AS
WITH sums AS (
    SELECT day, terms, sum(paid) AS paid, sum(share1) AS share1, sum(share2) AS share2,
           sum(transfer) AS transfer, sum(clearing_fee) AS clearing_fee,
           sum(issuer_fee) AS issuer_fee
    FROM priced GROUP BY day, terms
), owed AS (
    SELECT *, unnest([
        {{'debtor': issuer::VARCHAR, 'creditor': operator::VARCHAR, 'cause': 'FARE', 'fen': paid}},
        {{'debtor': funder1, 'creditor': operator, 'cause': 'CONCESSION', 'fen': share1}},
        {{'debtor': funder2, 'creditor': operator, 'cause': 'CONCESSION', 'fen': share2}},
        {{'debtor': credit_funder, 'creditor': operator, 'cause': 'TRANSFER',
          'fen': transfer}},
        {{'debtor': operator, 'creditor': centre, 'cause': 'CLEARING_FEE', 'fen': clearing_fee}},
        {{'debtor': operator, 'creditor': issuer, 'cause': 'ISSUER_FEE', 'fen': issuer_fee}}],
        recursive := true)
    FROM sums JOIN terms ON terms.number = sums.terms
)
SELECT day, debtor, creditor, cause, sum(fen) AS fen FROM owed
WHERE debtor <> creditor GROUP BY day, debtor, creditor, cause HAVING sum(fen) <> 0;
CREATE TABLE positions AS
SELECT member, sum(fen) AS fen FROM (
    SELECT creditor AS member, fen FROM flows
    UNION ALL SELECT debtor, -fen FROM flows) GROUP BY member
"""

REFUSED = """
CREATE TABLE refused AS
SELECT code, count(*) AS records FROM (
    SELECT code FROM taps WHERE code IS NOT NULL
    UNION ALL
    SELECT CASE WHEN error_type = 'MISSING COLUMNS' THEN 'COLUMN_COUNT'
                WHEN column_name = 'tapped_at' THEN 'TIME_INVALID'
                ELSE 'UNKNOWN_' || upper(column_name) END
    FROM reject_errors  -- which has a row for each column missing: the last one always is
    WHERE error_type <> 'MISSING COLUMNS' OR column_name = 'balance_before'
    UNION ALL
    SELECT CASE WHEN contents = 1 THEN 'DUPLICATE' ELSE 'CONFLICT' END
    FROM contents, range(CASE WHEN contents = 1 THEN copies - 1 ELSE copies END)
) GROUP BY code
"""


def prepare(network: Path, tables: Path, threads: int) -> duckdb.DuckDBPyConnection:
    """A database in memory with the reference tables."""
    base = duckdb.connect()
    base.execute(f"SET threads = {threads}; SET preserve_insertion_order = false")
    for name in ("operator", "mode", "medium", "card_kind", "direction", "kind"):
        base.execute(f"CREATE TYPE {name} AS ENUM (SELECT value FROM '{tables}/decoder_tables.csv' "
                     f"WHERE field = '{name}' AND value IS NOT NULL)")
    base.execute("CREATE TYPE issuer AS ENUM "
                 f"(SELECT DISTINCT issuer FROM '{tables}/issuers.csv')")
    base.execute("CREATE TYPE state AS ENUM ('SINGLE_TAP', 'COMPLETE', 'SAME_STATION', 'OVERTIME', "
                 "'MISSING_IN', 'MISSING_OUT', 'OPEN')")
    for path in sorted(tables.glob("*.csv")):
        with path.open(encoding="utf-8") as file:
            columns = next(csv.reader(file))
        typed = ", ".join(f"{name}::{TYPES.get(name, 'VARCHAR').format(name)} AS {name}"
                          for name in columns)
        base.execute(f"CREATE TABLE {path.stem} AS SELECT {typed}, row_number() OVER () AS number "
                     f"FROM read_csv('{path}', all_varchar = true)")
    base.execute("CREATE TABLE runs AS SELECT operator, dense_rank() OVER (ORDER BY system)"
                 "::UTINYINT AS system, operator IN (SELECT operator FROM stops) AS has_stops "
                 "FROM operators")
    return base


def clear(base: duckdb.DuckDBPyConnection, paths: Sequence[Path]) -> duckdb.DuckDBPyConnection:
    """From files to positions, in tables of the database."""
    prefixes = base.execute(
        "SELECT prefix, issuer FROM issuers ORDER BY length(prefix) DESC").fetchall()
    limit, day_starts = base.execute(
        "SELECT ride_limit_s, day_starts_s FROM settings").fetchall()[0]
    words = {
        "paths": [str(path) for path in paths],
        "issuer": "CASE " + " ".join(f"WHEN starts_with(card, '{prefix}') THEN '{issuer}'::issuer"
                                     for prefix, issuer in prefixes) + " END",
        "limit": f"INTERVAL {limit} SECOND", "day_starts": f"INTERVAL {day_starts} SECOND",
    }
    for statement in (READ, DEDUPLICATE, RIDES, PRICED, NETTED, REFUSED):
        base.execute(statement.format(**words))
    return base


def describe(base: duckdb.DuckDBPyConnection, paths: Sequence[Path],
             result: duckdb.DuckDBPyConnection) -> Outcome:
    """What the tables hold."""
    def rows(query: str) -> list[tuple[Any, ...]]:
        return base.execute(query).fetchall()

    return from_rows(
        refused=rows("SELECT code, records FROM refused"),
        rides=rows("SELECT state, count(*) FROM priced GROUP BY state"),
        still_open=rows("SELECT count(*) FROM rides WHERE state = 'OPEN'")[0][0],
        sums=rows("SELECT sum(due), sum(price), sum(paid), sum((card % 9973 + 1)::BIGINT "
                  "* (card_seq % 89 + 1) * (due + 3 * price + 7 * paid)) FROM priced")[0],
        flows=rows("SELECT * FROM flows"), positions=rows("SELECT * FROM positions"))
