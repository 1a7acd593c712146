"""Files that fuzzing has kept: what once found a fault, and some of every kind."""

from __future__ import annotations

from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"


def kept(folder: str) -> list[Path]:
    """The files that are read as one kind, by name."""
    found = sorted((CORPUS / folder).iterdir())
    assert found, f"{folder} has no files"
    return found
