"""Versions of the deny list: they only go forward, and one that changes names what it changes."""

from __future__ import annotations

import datetime
import re
from pathlib import Path

from network.civil import Clock
from network.errors import TableError
from network.language import Phrase
from network.model import DenyList, NetworkFile

FOLDER = "deny"             # of a network's folder; books keep what it has by its SHA-256 only
_SHA256 = re.compile("[0-9a-f]{64}")


def check_deny_lists(model: NetworkFile) -> None:
    """Pass where each version is later than the one before it. Raises TableError."""
    before: DenyList | None = None
    for index, one in enumerate(model.deny_list):
        fault, key = _fault_of(one, before)
        if fault is not None:
            raise TableError(
                Phrase("version {version} of the deny list {fault}", version=one.version,
                       fault=fault), "correct it", key=("deny_list", index, key))
        before = one


def _fault_of(one: DenyList, before: DenyList | None) -> tuple[Phrase | None, str]:
    """What is wrong with a version, and which key says so."""
    if one.on_validators_at.tzinfo is not None or one.on_validators_at.microsecond:
        return Phrase("has no moment of the civil clock, such as 2024-11-26T04:00:00"), (
            "on_validators_at")
    if before is not None and one.version <= before.version:
        return Phrase("goes backwards: it stands behind version {before}",
                      before=before.version), "version"
    if before is not None and one.on_validators_at <= before.on_validators_at:
        return Phrase("goes backwards: version {before} holds since {since}",
                      before=before.version, since=before.on_validators_at), "on_validators_at"
    if one.changes is not None and (before is None or one.changes != before.version):
        return Phrase("changes version {changes}, which does not stand before it",
                      changes=one.changes), "changes"
    if Path(one.file).name != one.file or not one.file.endswith(".csv"):
        return Phrase("is in {file!r}, which is no CSV file of the folder {folder}",
                      file=one.file, folder=FOLDER), "file"
    if _SHA256.fullmatch(one.sha256) is None:
        return Phrase("has no SHA-256 of 64 hexadecimal digits in lower case"), "sha256"
    return None, ""


def since_of(one: DenyList, clock: Clock) -> int:
    """The UTC second since which a version holds."""
    return clock.utc(int(one.on_validators_at.replace(tzinfo=datetime.UTC).timestamp()))
