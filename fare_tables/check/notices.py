"""The codes of what can be wrong with fare tables. A code, once given, keeps its meaning."""

from __future__ import annotations

# Tables that cannot be read or compiled.
REFUSALS = {
    "UNREADABLE": "the file cannot be read",
    "TOO_LARGE": "the file is larger than such a file may be",
    "NOT_TOML": "the file is not TOML",
    "KEY_TWICE": "a key is given twice",
    "KEY_UNKNOWN": "a key is not one of the format",
    "KEY_MISSING": "a key that must be there is not",
    "VALUE_INVALID": "a value is not of the sort that its key takes",
    "PARENT_UNKNOWN": "`like` names a table that is not there, or more than one",
    "PARENT_CYCLE": "tables are like each other in a circle",
    "WITHOUT_UNKNOWN": "`without` names a row that the table is not given",
    "NOT_COMPILED": "a value contradicts another, or names what the network does not have",
}
# Tables that compile and must not be used all the same.
ERRORS = {
    "GAP": "days on which a ride has no table",
    "OVERLAP": "two tables are in force for the same ride",
    "NO_SERVICE": "a table prices no ride of any operator",
    "NO_FARE_ROW": "a ride fits no fare row of its table",
    "MATRIX_HOLE": "a pair of stops has no fare in the matrix",
    "ZONE_MISSING": "a stop is in no zone",
    "STOP_UNKNOWN": "a stop is not in the operators' lists",
    "STOP_UNREACHABLE": "no track leads from one stop to another",
    "LINE_UNKNOWN": "a line has no stops",
    "BANDS_END": "a ride can be longer than the last band",
    "EDGE_FARE_MISSING": "a ride without entry or exit, or back at its station, has no fare",
    "UNREACHABLE": "a row can never win",
    "NOT_COUNTED": "a row asks for what no table counts",
    "FUNDERS": "percents of funders do not add up to 100",
    "NO_AGREEMENT": "no agreement holds for rides, which the network wants held",
    "AGREEMENTS_OVERLAP": "two agreements hold for rides, which the network wants held",
    "TOO_MANY": "there are more combinations than can be looked at",
}
# What is allowed, and seldom meant.
WARNINGS = {
    "NOT_MONOTONE": "a longer way costs less",
    "UNUSED": "something is defined and never used",
    "TIER_GAP": "an amount between two tiers belongs to neither",
    "CALENDAR": "a table asks for holidays of a year that nobody has published",
    "NO_FARE_HERE": "rides have no fare, as their table says that they are to have none",
    "STALE": "tables were not held to their sources for longer than the network allows",
    "LINE_GAP": "a line that tables name falls back to the table of all lines for some days",
}
MEANINGS = {**REFUSALS, **ERRORS, **WARNINGS}
