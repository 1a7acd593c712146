"""Finds a network's folder: a shipped one by its name, or one's own."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from network.files import TableError, TomlFile

T = TypeVar("T")

SHIPPED = Path(__file__).parents[1] / "fare_tables" / "data"


def list_networks() -> list[str]:
    """The names of the shipped networks."""
    return sorted(path.parent.name for path in SHIPPED.glob("*/network.toml"))


def find_folder(network: str) -> Path:
    """The folder of a shipped network, or of one's own.

    Raises TableError where there is no such network.
    """
    shipped = SHIPPED / network
    folder = shipped if _holds_network(shipped) else Path(network)
    if not _holds_network(folder):
        raise TableError(
            f"no network {network!r}: it is not one of {', '.join(list_networks())}, and there is "
            f"no file {folder / 'network.toml'}\n"
            "name a shipped network, or a folder that holds a network.toml", code="UNREADABLE"
        )
    return folder


def _holds_network(folder: Path) -> bool:
    try:
        return (folder / "network.toml").is_file()
    except OSError:     # a name too long, or a folder that may not be looked into
        return False


def read_toml(path: Path, shape: type[T]) -> T:
    """One TOML file as the struct that it must be.

    Raises TableError with file, place and remedy.
    """
    return TomlFile(path).convert(shape)
