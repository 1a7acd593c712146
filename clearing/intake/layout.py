"""A network's layouts, by name: read from layouts/<name>.toml and checked; some come with us."""

from __future__ import annotations

from pathlib import Path

import msgspec

from clearing.intake.layout_checks import check_layout
from clearing.intake.layout_model import FieldSource, Layout, Place
from network.errors import OnecardError
from network.files import TomlFile, explain_mismatch
from network.language import Phrase

SHIPPED = Path(__file__).parent / "layouts"


def load_layout(folder: Path, name: str) -> Layout:
    """Read a layout of a network's folder, or else one that comes with the engine.

    Raises OnecardError and TableError, with file, line and remedy.
    """
    path = folder / "layouts" / f"{name}.toml"
    shipped = SHIPPED / path.name
    if Path(name).name != name or not (path.is_file() or shipped.is_file()):
        raise OnecardError(Phrase("there is no layout {name!r}", name=name), where=str(path),
                           expected="the network's layouts: "
                           + (", ".join(list_layouts(path.parent)) or "none")
                           + f"; shipped: {', '.join(list_layouts(SHIPPED))}",
                           remedy="name one of these, or write the file")
    return read_layout(path if path.is_file() else shipped)


def list_layouts(folder: Path) -> list[str]:
    """The names of the layouts in a folder."""
    return sorted(each.stem for each in folder.glob("*.toml"))


def read_layout(path: Path) -> Layout:
    """Read a layout by its path.

    Raises TableError, with file, line and remedy.
    """
    file = TomlFile(path)
    _check_rows(file)
    layout = file.convert(Layout)
    layout.name = path.stem
    check_layout(file, layout)
    return layout


def _check_rows(file: TomlFile) -> None:
    """Pass where each row of columns and fields is one: msgspec does not say which one is not."""
    for table, shape in (("columns", Place), ("fields", FieldSource | list[FieldSource])):
        rows = file.keys.get(table)
        for name, row in rows.items() if isinstance(rows, dict) else ():
            try:
                msgspec.convert(row, shape)
            except msgspec.ValidationError as error:
                at = (table, name)
                raise explain_mismatch(error, Layout, lambda path, at=at:   # type: ignore[misc]
                                       file.location((*at, *path))) from None
