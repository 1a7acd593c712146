"""The files of a day: header, records, and a trailer that says what must be in them."""

from __future__ import annotations

import datetime
import hashlib
from pathlib import Path

import numpy as np

from clearing.sample.network_day import NetworkDay
from clearing.sample.taps import FILES, NOTHING, Taps
from clearing.sample.text import Form


class TapFile:
    """One file, as long as it is being written."""

    def __init__(self, path: Path, header: bytes) -> None:
        """Begin the file; nothing may be there."""
        self.path = path
        self.records = self.due = self.paid = 0
        self._digest = hashlib.sha256(header)
        self._file = path.open("xb", buffering=0)
        self._file.write(header)

    def write(self, text: bytes, records: int) -> None:
        """Append whole lines."""
        self._digest.update(text)
        self._file.write(text)
        self.records += records

    def count(self, dues: np.ndarray[tuple[int], np.dtype[np.int32]], taps: Taps) -> None:
        """Add what taps say was due and paid."""
        charged = taps["paid"] != NOTHING
        self.due += int(dues[taps["due"][charged]].sum(dtype=np.int64))
        self.paid += int(taps["paid"][charged].sum(dtype=np.int64))

    def close(self) -> bool:
        """End the file with its trailer; one without a record is taken away."""
        with self._file as file:
            file.write(
                f"#trailer,{self.records},{self.due},{self.paid},{self._digest.hexdigest()}\n"
                .encode()
            )
        if self.records == 0:
            self.path.unlink()
        return self.records > 0


def open_files(folder: Path, network: NetworkDay, day: datetime.date, form: Form) -> list[TapFile]:
    """Every operator's files, in the order of their numbers."""
    return [
        TapFile(folder / f"{operator.code}-{day.isoformat()}-{part + 1}{form.suffix}", form.header)
        for operator in network.operators for part in range(FILES)
    ]
