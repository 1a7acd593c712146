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
    from clearing.intake.module_keys import ModuleKeys

PASSPHRASE, PIN = "ONECARD_KEYS_PASSPHRASE", "ONECARD_KEYS_PIN"
FILE = InputFile()
_PRIVATE = 0o600


def unlock(path: Path) -> Keystore | ModuleKeys:
    """The keys of a sealed file or of a module, by what opens it: given, or asked for."""
    from clearing.intake.keystore import open_keystore
    from clearing.intake.module_keys import is_module, open_module

    if is_module(path):
        module = open_module(path, lambda: _ask(PIN, Phrase("PIN of {path}", path=path)))
        click.get_current_context().call_on_close(module.close)
        return module
    return open_keystore(path, _passphrase(path, again=False))


def _leave_no_dump() -> None:
    """Have nothing dump this process's memory: one byte is too little for a file or a program."""
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (min(1, hard) if hard >= 0 else 1, hard))


def _passphrase(path: Path, *, again: bool) -> str:
    return _ask(PASSPHRASE, Phrase("passphrase of {path}", path=path), again=again)


def _ask(variable: str, what: Phrase, *, again: bool = False) -> str:
    """What an environment variable has, or who sits at the terminal types, unseen."""
    _leave_no_dump()
    given = os.environ.get(variable)
    if given is not None:
        return given
    if not sys.stdin.isatty():      # it would be read from there, and shown where it is typed
        raise OnecardError(Phrase("nobody can be asked for the {what}: standard input is no "
                                  "terminal", what=what), expected=Phrase("it is in {variable}",
                                                                          variable=variable),
                           remedy="put it there, or call the command on a terminal")
    return str(click.prompt(translated(what), hide_input=True, confirmation_prompt=again,
                            err=True))


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
