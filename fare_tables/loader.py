"""Reads fare tables from a network's folder, and says in full what is wrong with one."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TypeVar

import msgspec

from fare_tables.model import Table

T = TypeVar("T")

SHIPPED = Path(__file__).parent / "data"


class TableError(Exception):
    """A table cannot be used: what was found, what was expected, where, what to do."""


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
            "name a shipped network, or a folder that holds a network.toml"
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
    try:
        return msgspec.convert(tomllib.loads(path.read_text("utf-8")), shape)
    except OSError as error:
        raise TableError(
            f"{path}: cannot be read: {error.strerror}\nput a TOML file there") from None
    except ValueError as error:     # not UTF-8, not TOML, or a number of thousands of digits
        raise TableError(f"{path}: is not TOML: {error}\ncorrect that place in the file") from None
    except msgspec.ValidationError as error:
        raise TableError(
            f"{path}: {error}\n"
            f"the keys and their meaning are in {shape.__module__}.{shape.__name__}"
        ) from None


def load_tables(folder: Path) -> list[Table]:
    """Every fare table of a network's folder, by file name.

    Raises TableError.
    """
    paths = sorted(path for path in folder.glob("*.toml") if path.name != "network.toml")
    return [read_toml(path, Table) for path in paths]
