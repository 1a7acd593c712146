"""Reads the rows of one file of a feed, as its class in records.py says.

Rows are read with py-gtfs-loader: it checks the header, that values are there, and their sort. It
has no schema for fares, so it is given those of records.py. Unlike readers that hand over data
frames it then takes files that it has never heard of, keeps text as it is written ("NA" is an
area, not a blank), and needs no geography. What it lets pass is checked here: cells of a row,
columns that are there twice, rows without end.
"""

from __future__ import annotations

import csv
import datetime
import io
import re
import types
import typing
from dataclasses import MISSING, fields
from typing import Any, TypeVar

from fare_tables.gtfs.notices import Notices
from fare_tables.gtfs.records import NOT_LISTED, Date, Record
from network.language import Phrase

R = TypeVar("R", bound=Record)

ROWS_MOST = 1_000_000
FAULTS_MOST = 100           # of one file; then it is given up
CELL_MOST = 2_000           # characters


def read_rows(shape: type[R], name: str, text: str, notices: Notices) -> list[R]:
    """The rows of a file; what is wrong with one is said, and the row left out."""
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    found: list[R] = []
    faults, short = 0, []
    try:
        header = [cell.strip() for cell in next(lines, [])]
        schema = _schema_of(shape, name)
        columns = _columns(schema, header, name, notices)
        for cells in lines if columns is not None else ():
            if not any(cell.strip() for cell in cells):
                continue
            if lines.line_num > ROWS_MOST or len(found) >= ROWS_MOST:
                notices.say("GTFS_TOO_LARGE", name, 0,
                            Phrase("has more than the {most:,} rows that are read",
                                   most=ROWS_MOST))
                break
            if len(cells) < len(header):
                short.append(lines.line_num)
            row = _read_row(shape, schema, columns, header, cells, lines.line_num, name, notices)
            if row is not None:
                found.append(row)
                continue
            faults += 1
            if faults >= FAULTS_MOST:
                break
    except csv.Error as error:
        notices.say("GTFS_UNREADABLE", name, lines.line_num, Phrase("is not CSV: {error}",
                                                                    error=error))
    if short:
        notices.say("GTFS_CELLS_FEW", name, short[0],
                    Phrase("has fewer cells than the header, as {rows} rows do; what is not "
                           "there is taken as blank",
                           rows=len(short)))
    return found


def _columns(schema: Any, header: list[str], name: str, notices: Notices) -> Any:
    """How each column is read; None where the header cannot be used."""
    from gtfs_loader import ParseError, merge_header_and_declared_fields

    if not any(header):
        notices.say("GTFS_FILE_EMPTY", name, 1, "has no header")
        return None
    twice = sorted({column for column in header if header.count(column) > 1})
    if twice:
        notices.say("GTFS_COLUMN_MISSING", name, 1, Phrase("column {column!r} is there twice",
                                                           column=twice[0]))
        return None
    known = schema.get_declared_fields()
    for column in header:
        if column not in known and column not in ALSO_KNOWN.get(name, ()):
            notices.say("GTFS_COLUMN", name, 1, Phrase("column {column!r} is not known here; what"
                                                       " it says was not read",
                                                       column=column))
    try:
        return merge_header_and_declared_fields(schema, header)
    except ParseError as error:
        column = str(error).rpartition(" ")[2]
        notices.say("GTFS_COLUMN_MISSING", name, 1, Phrase("column {column!r} is missing",
                                                           column=column))
        return None


def _read_row(
    shape: type[R], schema: Any, columns: Any, header: list[str], cells: list[str], line: int,
    name: str, notices: Notices,
) -> R | None:
    from gtfs_loader import ParseError, parse_rows

    if len(cells) > len(header):
        notices.say("GTFS_CELLS", name, line,
                    Phrase("has {cells} cells, and the header has {header}",
                           cells=len(cells), header=len(header)))
        return None
    values = [cell.strip() for cell in cells] + [""] * (len(header) - len(cells))
    if max(map(len, values)) > CELL_MOST:
        notices.say("GTFS_VALUE", name, line, Phrase("a value has more than {most:,} "
                                                     "characters",
                                                     most=CELL_MOST))
        return None
    try:
        [entity] = parse_rows(None, schema, columns, header, [values])
    except ParseError as error:
        code, reason = _explain(str(error), dict(zip(header, values, strict=True)))
        notices.say(code, name, line, reason)
        return None
    return shape(line=line, **{one: entity[one] for one in schema.get_declared_fields()})


def _explain(said: str, values: dict[str, str]) -> tuple[str, str]:
    """The code and the reason of what the reader said of a row."""
    blank = re.search(r"required field (\w+) is empty", said)
    if blank is not None:
        return "GTFS_VALUE_MISSING", Phrase("{column} is blank", column=blank[1])
    column = said.partition(" field ")[2].partition(" = ")[0]
    value = repr(values.get(column, ""))
    fault = said.partition(f" = {value}: ")[2]
    if not fault or fault.startswith("invalid literal") or "is not a valid" in fault:
        fault = NOT_LISTED
    return "GTFS_VALUE", Phrase("{column} {value} {fault}", column=column, value=value[:60],
                                fault=fault)


def _schema_of(shape: type[Record], name: str) -> Any:
    """The reader's own description of a file, from its class here."""
    from gtfs_loader.schema_classes import File, FileCollection, FileType
    from gtfs_loader.types import Entity

    hints = typing.get_type_hints(shape)
    columns = [one for one in fields(shape) if one.name != "line"]
    described: dict[str, Any] = {
        "__annotations__": {one.name: _one_type(hints[one.name]) for one in columns},
        "_schema": File(id=columns[0].name, name=name.removesuffix(".txt"),
                        fileType=FileType.CSV),
    }
    described |= {one.name: one.default for one in columns if one.default is not MISSING}
    return FileCollection(type(shape.__name__, (Entity,), described))[name]


def _one_type(hint: Any) -> Any:
    """What reads a value that is there."""
    if isinstance(hint, types.UnionType):
        hint = next(one for one in typing.get_args(hint) if one is not type(None))
    return Date if hint is datetime.date else hint


# Columns of the specification, and of what is around it, that say nothing about fares.
ALSO_KNOWN = {name: frozenset(columns.split()) for name, columns in {
    "agency.txt": "agency_lang agency_phone agency_email cemv_support",
    "feed_info.txt": "feed_lang default_lang feed_contact_email feed_contact_url feed_id",
    "stops.txt": "stop_code tts_stop_name stop_desc stop_lat stop_lon stop_url stop_timezone "
                 "wheelchair_boarding level_id platform_code platform_name stop_address "
                 "municipality on_street at_street vehicle_type stop_access",
    "routes.txt": "route_desc route_url route_color route_text_color route_sort_order "
                  "continuous_pickup continuous_drop_off route_fare_class line_id listed_route "
                  "cemv_support",
    "calendar_dates.txt": "holiday_name",
    "rider_categories.txt": "eligibility_url min_age max_age",
    "fare_rider_categories.txt": "expiration_date commencement_date",
    "trips.txt": "service_id trip_headsign trip_short_name direction_id block_id shape_id "
                 "wheelchair_accessible bikes_allowed cars_allowed trip_type",
    "stop_times.txt": "arrival_time departure_time stop_headsign pickup_type drop_off_type "
                      "continuous_pickup continuous_drop_off shape_dist_traveled timepoint "
                      "location_group_id location_id start_pickup_drop_off_window "
                      "end_pickup_drop_off_window pickup_booking_rule_id "
                      "drop_off_booking_rule_id checkpoint_id",
}.items()}
