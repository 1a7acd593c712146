"""JSON records of other layouts: a list of objects in a file, or one object to a line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import numpy as np

from clearing.intake.formats.adapt import (
    BADLY_QUOTED,
    EMPTY,
    NOT_ENCODED,
    TOO_LONG,
    WRONG_COUNT,
    Adapter,
)
from clearing.intake.formats.steps import Read
from ext.intake.decode import LONGEST_LINE


class ObjectAdapter(Adapter):
    """Turns JSON objects into lines of the format."""

    def open_record(self, text: bytes) -> Read | bytes:
        """What reads an object's keys, or the line that stands for what is wrong with it."""
        if len(text) > LONGEST_LINE:
            return TOO_LONG
        if not text.strip():
            return EMPTY
        try:
            text.decode("utf-8")
            record = _JSON.decode(_bare(text))
        except UnicodeDecodeError:
            return NOT_ENCODED
        except msgspec.DecodeError:
            return BADLY_QUOTED
        except RecursionError:          # lists in lists in lists
            return WRONG_COUNT
        if not isinstance(record, dict):
            return WRONG_COUNT
        if not any(_as_text(value) for value in record.values()):
            return EMPTY
        return lambda column: _as_text(_find(record, column))

    def _read_columns(self, records: Sequence[bytes]) -> tuple[list[int], dict[str, list[str]]]:
        good, kept = [], []
        for number, text in enumerate(records):
            try:
                record = _JSON.decode(_bare(text)) if len(text) <= LONGEST_LINE else None
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                continue
            if isinstance(record, dict) and any(map(_as_text, record.values())):
                good.append(number)
                kept.append(record)
        return good, {name: [_as_text(_find(record, name)) for record in kept]
                      for name in self._layout.sources()}


_TOKENS = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}\[\]]', re.DOTALL)
_JSON = msgspec.json.Decoder(float_hook=str)    # a number's text as it is written


def _bare(text: bytes) -> bytes:
    """An object without the comma that lists have behind each."""
    return text.rstrip().removesuffix(b",")


def _find(record: dict[str, Any], column: str) -> Any:
    """What stands behind a key, or behind keys within keys, with dots between."""
    if column in record or "." not in column:
        return record.get(column)
    found: Any = record
    for key in column.split("."):
        found = found.get(key) if isinstance(found, dict) else None
    return found


def _as_text(value: object) -> str:
    """A JSON value as CSV would have it."""
    if value is None:
        return ""
    return value if isinstance(value, str) else str(value)


def find_objects(data: bytes, records_at: str) -> Iterator[tuple[int, bytes]]:
    """Yield the records of a JSON file, each with its offset.

    Raises msgspec.DecodeError, UnicodeDecodeError, RecursionError and KeyError where the file is
    not built that way.
    """
    found = msgspec.Raw(data)
    for key in filter(None, records_at.split(".")):
        found = msgspec.json.decode(found, type=dict[str, msgspec.Raw])[key]
    base = _address(data)
    for record in msgspec.json.decode(found, type=list[msgspec.Raw]):
        yield _address(record) - base, bytes(record)


def object_at(data: bytes) -> bytes:
    """The JSON object that the text begins with; all of it where that goes on behind it."""
    depth = 0
    for found in _TOKENS.finditer(data):
        depth += {b"{": 1, b"[": 1, b"}": -1, b"]": -1}.get(found[0], 0)
        if depth == 0:
            return data[:found.end()]
    return data


def _address(data: bytes | msgspec.Raw) -> int:
    """Where the bytes lie in memory: a Raw is a window on the text that it was decoded from."""
    return int(np.frombuffer(data, dtype=np.uint8).__array_interface__["data"][0])
