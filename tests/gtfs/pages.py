"""The tables of a worked example, as it stands in the text of gtfs.org."""

from __future__ import annotations

import re
from pathlib import Path

FILE = re.compile(r"\*\*\[?([a-z_]+\.txt)\]?|\[\*\*([a-z_]+\.txt)|<b>([a-z_]+\.txt)")
SPELLED = {"stops_areas.txt": "stop_areas.txt"}

Rows = list[dict[str, str]]


class Page:
    """One page: its prose, and its tables in their order."""

    def __init__(self, path: Path) -> None:
        self.text = path.read_text("utf-8")

    def section(self, heading: str) -> Page:
        """What stands under a heading, up to the next of its rank or a higher one."""
        found = re.search(rf"^(#+) {re.escape(heading)}\s*$(.*?)(?=^#{{1,3}} |\Z)", self.text,
                          re.MULTILINE | re.DOTALL)
        assert found is not None, heading
        part = Page.__new__(Page)
        part.text = found[2]
        return part

    def tables(self, name: str) -> list[Rows]:
        """Every table that is shown of a file."""
        found: list[Rows] = []
        file = ""
        lines = iter(self.text.split("\n"))
        for line in lines:
            named = FILE.search(line)
            if named is not None and not line.strip().startswith("|"):
                file = next(one for one in named.groups() if one)
                file = SPELLED.get(file, file)
            if line.strip().startswith("|"):
                block = [line]
                for more in lines:
                    if not more.strip().startswith("|"):
                        break
                    block.append(more)
                if file == name:
                    found.append(_rows(block))
        return found

    def table(self, name: str) -> Rows:
        """The one table that is shown of a file."""
        [rows] = self.tables(name)
        return rows


def _rows(block: list[str]) -> Rows:
    cells = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in block]
    header = cells[0]
    if header.count("from_leg_group_id") == 2:      # so on the page; its text has it right
        header[header.index("from_leg_group_id", 1)] = "to_leg_group_id"
    # A row of "…" stands for those that the page leaves out.
    return [dict(zip(header, row, strict=True)) for row in cells[2:] if "…" not in row]
