"""Records of a file as they stand in it, by their offsets."""

from __future__ import annotations

from collections.abc import Sequence

from clearing.intake.blocks import Source
from clearing.intake.formats.objects import object_at
from clearing.intake.formats.records import split_records
from clearing.intake.formats.text import open_text
from clearing.intake.layout_model import Layout
from ext.intake.decode import LONGEST_RAW


def raw_records(source: Source, layout: Layout | None, offsets: Sequence[int]) -> list[bytes]:
    """The records at these offsets, up to LONGEST_RAW bytes of each. layout: None: the format."""
    if not offsets:
        return []
    kind = "csv" if layout is None else layout.format
    with source.open() as file:
        if kind == "binary":
            assert layout is not None
            records = dict(split_records(file.read(), layout))
            return [records[offset][:LONGEST_RAW] for offset in offsets]
        text, found = open_text(file, layout), []
        for offset in offsets:
            text.seek(offset)
            found.append(text.read(LONGEST_RAW))
    return [one.partition(b"\n")[0] if kind != "json" else object_at(one) for one in found]
