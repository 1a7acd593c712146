"""Keys of transaction authentication codes (TAC) that a hardware module keeps: PKCS#11.

A file names the module, its token and the keys in it by their labels; it has no secrets. The PIN
comes from the caller. What the module is asked for is E(D) and E(not D) of cards' serial numbers D,
many at once: an issuer's key does not leave it, and cards' own keys, from which a kernel goes on
(ext/intake/ciphers.pyx), are here for as long as codes are made of them. Without a standard name
for SM4 in PKCS#11, such keys are DES.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from clearing.intake.keystore import (
    ALGORITHMS,
    BY_CARD,
    DES_ALGORITHM,
    MAGIC,
    KeyName,
    read_names,
)
from clearing.intake.proof import Bytes
from ext.intake.ciphers import KEY_BYTES, PART_BYTES, compute_codes
from network.errors import OnecardError
from network.language import Phrase

if TYPE_CHECKING:
    from pkcs11 import Session

NAMES = {"module", "token", "key"}
Secret = Any                # pkcs11.SecretKey, whose types lack what its base can do
CARDS_IN_ONE_GO = 1024      # of a message to the module


class ModuleKeys:
    """The keys of a token, logged in to."""

    def __init__(self, where: str, session: Session,
                 keys: Sequence[tuple[KeyName, Secret]]) -> None:
        self._where, self._session, self._keys = where, session, list(keys)
        self._handles = {(name.issuer, name.version, name.algorithm): at
                         for at, (name, _) in enumerate(self._keys)}

    def close(self) -> None:
        """Log out."""
        self._session.close()

    def list_keys(self) -> list[tuple[str, int, str, str]]:
        """Issuer, version, algorithm and check value of each; no check value leads to its key."""
        names = {number: name for name, number in ALGORITHMS.items()}
        return [(name.issuer, name.version, names[name.algorithm],
                 self._encrypt(key, [bytes(PART_BYTES)])[:3].hex().upper())
                for name, key in self._keys]

    def find(self, issuer: str, version: int, algorithm: int) -> int | None:
        """A handle of the key of an issuer; None where there is no such key."""
        return self._handles.get((issuer, version, algorithm))

    def compute(self, key: int, serials: Bytes, messages: Bytes, types: Sequence[int]
                ) -> npt.NDArray[np.uint32]:
        """The codes (types, n) of messages (n, 22) of cards with these serial numbers (n, 8).

        Raises OnecardError where the module does not answer.
        """
        name, secret = self._keys[key]
        parts = np.concatenate([serials, ~serials], axis=1)
        keys = np.frombuffer(self._encrypt(secret, [
            parts[start:start + CARDS_IN_ONE_GO].tobytes()
            for start in range(0, len(parts), CARDS_IN_ONE_GO)]), dtype=np.uint8)
        after = np.frombuffer(b"".join(map(bytes.fromhex, name.levels[1:])), dtype=np.uint8)
        codes = np.empty((len(types), len(messages)), dtype=np.uint32)
        compute_codes(False, keys.reshape(-1, KEY_BYTES), after.reshape(-1, PART_BYTES), messages,
                      np.array(types, dtype=np.uint8), codes)
        return codes

    def _encrypt(self, key: Secret, blocks: Sequence[bytes]) -> bytes:
        from pkcs11 import Mechanism, PKCS11Error

        try:
            return b"".join(key.encrypt(blocks, mechanism=Mechanism.DES3_ECB)) if blocks else b""
        except PKCS11Error as error:
            raise _refuse(self._where, error) from None


def is_module(path: Path) -> bool:
    """Whether a file names a module, and is no keystore."""
    with path.open("rb") as file:
        first, *others = file.readline(), *file
        return first != MAGIC and any(one.startswith(b"module") for one in (first, *others))


def open_module(path: Path, ask_pin: Callable[[], str]) -> ModuleKeys:
    """The keys of the token that a file names, with the PIN that is asked for. Raises OnecardError.

    Who asks is asked only where the file can be read.
    """
    if find_spec("pkcs11") is None:
        raise OnecardError("keys in a hardware module need python-pkcs11, which is not installed",
                           where=str(path),
                           remedy="install it: pip install 'onecard-clearing[pkcs11]'")
    import pkcs11

    module, token, keys = _read_file(path)
    try:
        found = pkcs11.lib(module).get_token(token_label=token)
        with ExitStack() as stack:
            session = stack.enter_context(found.open(user_pin=ask_pin()))
            secrets = [(name, _find_key(session, label, str(path))) for name, label in keys]
            stack.pop_all()     # whoever has the keys logs out
        return ModuleKeys(str(path), session, secrets)
    except (pkcs11.PKCS11Error, OSError) as error:
        raise _refuse(str(path), error) from None


def _refuse(where: str, error: Exception) -> OnecardError:
    """What a module says, by the name of what is wrong: its words could hold what was asked."""
    return OnecardError(Phrase("the module refuses: {error}", error=type(error).__name__),
                        where=where, remedy="look at module, token, PIN and labels; `onecard keys "
                        "list` tries them")


def _find_key(session: Session, label: str, where: str) -> Secret:
    from pkcs11 import Attribute, KeyType, ObjectClass

    found: list[Secret] = list(session.get_objects({
        Attribute.CLASS: ObjectClass.SECRET_KEY, Attribute.LABEL: label}))
    if len(found) != 1 or found[0].key_type not in (KeyType.DES2, KeyType.DES3):
        raise OnecardError(Phrase("the token has not one key with the label {label!r}",
                                  label=label), where=where, expected="one, of DES2 or DES3")
    return found[0]


def _read_file(path: Path) -> tuple[str, str, list[tuple[KeyName, str]]]:
    """The library, the token's label, and the keys with their labels."""
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except (ValueError, RecursionError):
        raise OnecardError("is not TOML in UTF-8", where=str(path),
                           remedy="write module, token and [[key]] with issuer, version, "
                           "algorithm, label and diversify") from None
    if set(content) != NAMES or not all(isinstance(content[name], str)
                                        for name in ("module", "token")):
        raise OnecardError("has other parts than a file of a module has", where=str(path),
                           expected="just module, token and [[key]]")
    keys = read_names(content["key"], str(path), "label")
    for number, (name, row) in enumerate(keys, 1):
        if name.algorithm != DES_ALGORITHM or name.levels[:1] != (BY_CARD,) or not isinstance(
                row["label"], str):
            raise OnecardError(
                Phrase("key {number} cannot be in a module", number=number), where=str(path),
                expected='algorithm "00", a label, and diversify that begins with "card"',
                remedy="put the key into the module that is diversified by the issuer already")
    return content["module"], content["token"], [(name, row["label"]) for name, row in keys]
