from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ext.intake.lookup import Lookup

SETTINGS: np.dtype[np.void]
OPERATOR_RULE: np.dtype[np.void]
PREFIX: np.dtype[np.void]
PROGRESS: np.dtype[np.void]
SPAN: np.dtype[np.void]

TEXT_PAD: int
LONGEST_LINE: int
LONGEST_CODE: int
LONGEST_RAW: int
MOST_COLUMNS: int
NO_COLUMN: int

class Column(IntEnum):
    CARD = 0
    CARD_SEQ = 1
    KIND = 2
    OPERATOR = 3
    MODE = 4
    TAPPED_AT = 5
    IN_AT = 6
    STOP = 7
    IN_STOP = 8
    LINE = 9
    VEHICLE = 10
    DIRECTION = 11
    DEVICE = 12
    DEVICE_SEQ = 13
    MEDIUM = 14
    CARD_KIND = 15
    ISSUER = 16
    DUE = 17
    PAID = 18
    BALANCE_BEFORE = 19
    DISTANCE_M = 20
    TAC = 21
    KEY_VERSION = 22
    ALGORITHM = 23
    BORN_ON = 24
    REVIEWED_UNTIL = 25
    CORRECTION = 26
    REVISION = 27
    REASON = 28
    AUTHORISED_BY = 29
    RIDE_CODE = 30

class SenderRule(IntEnum):
    EVERY_RECORD = 0
    OWN_DEVICES = 1
    NO_RECORD = 2

class Need(IntEnum):
    DONE = 0
    TAPS = 1
    REFUSALS = 2
    CODES = 3

def decode_rows(
    text: NDArray[np.uint8] | bytearray | bytes | memoryview,
    stop: int,
    file_offset: int,
    places: NDArray[np.uint8],
    columns: int,
    settings: NDArray[Any],
    civil_offsets: NDArray[Any],
    rules: NDArray[Any],
    prefixes: NDArray[Any],
    lookups: tuple[Lookup, ...],
    taps: NDArray[Any],
    refusals: NDArray[Any],
    raw: NDArray[np.uint8],
    progress: NDArray[Any],
    spans: NDArray[Any],
    record: int,
) -> Need: ...
def list_ways() -> list[int]: ...
def choose_way(way: int) -> None: ...
