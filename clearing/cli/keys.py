"""onecard keys: seal and list the keys by which authentication codes are checked."""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from clearing.cli.options import InputFile
from clearing.cli.say import say
from network.errors import OnecardError
from network.language import Phrase, translated

if TYPE_CHECKING:
    from clearing.intake.keystore import Keystore

PASSPHRASE = "ONECARD_KEYS_PASSPHRASE"
FILE = InputFile()
_PRIVATE = 0o600


def unlock(path: Path) -> Keystore:
    """The keys of a sealed file, by the passphrase of the environment or of whoever is asked."""
    from clearing.intake.keystore import open_keystore

    return open_keystore(path, _passphrase(path, again=False))


def _leave_no_dump() -> None:
    """Have nothing dump this process's memory: one byte is too little for a file or a program."""
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (min(1, hard) if hard >= 0 else 1, hard))


def _passphrase(path: Path, *, again: bool) -> str:
    _leave_no_dump()
    given = os.environ.get(PASSPHRASE)
    if given is not None:
        return given
    if not sys.stdin.isatty():      # it would be read from there, and shown where it is typed
        raise OnecardError("nobody can be asked for the passphrase: standard input is no terminal",
                           where=str(path), expected=Phrase("it is in {variable}",
                                                            variable=PASSPHRASE),
                           remedy="put it there, or call the command on a terminal")
    return str(click.prompt(translated(Phrase("passphrase of {path}", path=path)), hide_input=True,
                            confirmation_prompt=again, err=True))


@click.group("keys")
def command() -> None:
    """Seal and list the keys by which authentication codes (TAC) are checked.

    \b
    Example:
      onecard keys seal keys.toml keys.sealed
      onecard clear taps/*.csv --keys keys.sealed --book book
    """


@command.command("seal")
@click.argument("source", type=FILE, metavar="KEYS.toml")
@click.argument("target", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE")
def seal(source: Path, target: Path) -> None:
    """Encrypt a list of keys under a passphrase; take KEYS.toml away afterwards.

    \b
    A key in KEYS.toml:
      [[key]]
      issuer = "hk-card"                          # its code in network.toml
      version = 1
      algorithm = "00"                            # 00 DES, 01 SM4
      key = "..."                                 # 32 hexadecimal digits
      diversify = ["01016410FFFFFFFF", "card"]    # the issuer's code, then the card's number

    \b
    Example:
      onecard keys seal keys.toml keys.sealed
    """
    from clearing.intake.keystore import seal_keys

    sealed = seal_keys(source, _passphrase(target, again=True))
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE), "wb") as file:
        file.write(sealed)
    say(Phrase("{target}: sealed; {source} still has the keys in clear: take it away",
               target=target, source=source))


@command.command("list")
@click.argument("path", type=FILE, metavar="FILE")
def list_keys(path: Path) -> None:
    """List a sealed file's keys by issuer, version, algorithm and check value (KCV).

    \b
    Example:
      onecard keys list keys.sealed
    """
    from clearing.cli.output import print_table

    print_table(Phrase("keys of {path}", path=path),
                ("issuer", "version", "algorithm", "check value"),
                unlock(path).list_keys(), right=("version",))
