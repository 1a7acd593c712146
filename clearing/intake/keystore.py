"""Keys of transaction authentication codes (TAC): whoever has them computes codes, and shows none.

A key provider (proof.py) is asked for a key by issuer, version and algorithm, and then for codes;
keys do not leave it, so that a hardware module can stand in its place. The one here is a sealed
file: keys as JSON, encrypted with AES-256-GCM under a passphrase (scrypt). No message, text or log
of this module has a key, a part of one, or what an input held where a key should be.

How a code is computed (PBOC 2.0 purses, as T-Union cards use them): the master key is diversified
level by level, by the issuer's code and the card's serial number D, to E(D) and E(not D). With DES
the session key is the left half XOR the right half, and the code the first four bytes of the last
block of CBC, IV 0, over the data, 80 and zeros. With SM4 (no public text says how) the same, with
blocks of 16 bytes and the diversified key itself. Levels before the card's are made once, by a
library; from the card on by a kernel (ext/intake/ciphers.pyx), as each card has its own key.
"""

from __future__ import annotations

import json
import secrets
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from clearing.intake.proof import Bytes
from ext.intake.ciphers import KEY_BYTES, PART_BYTES, compute_codes, derive_keys
from network.errors import OnecardError
from network.language import Phrase

DES_ALGORITHM, SM4_ALGORITHM = 0, 1     # as records have them: 00 international, 01 national
ALGORITHMS = {"00": DES_ALGORITHM, "01": SM4_ALGORITHM}
BY_CARD = "card"                # a level of diversification: the card's serial number
MAGIC = b"onecard-keys/1\n"
SALT_BYTES, NONCE_BYTES = 16, 12
SCRYPT = {"length": 32, "n": 1 << 15, "r": 8, "p": 1}
FILE_BYTES_MOST = 1 << 20
LEAST_PASSPHRASE = 12


@dataclass(frozen=True)
class KeyName:
    """Which records a key is of, and how it becomes a card's."""

    issuer: str
    version: int
    algorithm: int
    levels: tuple[str, ...]     # BY_CARD, or 8 bytes in hexadecimal


@dataclass(frozen=True)
class _Key(KeyName):
    secret: bytes = field(repr=False)


class Keystore:
    """The keys of a sealed file."""

    def __init__(self, keys: Sequence[_Key]) -> None:
        self._keys = list(keys)
        self._handles = {(key.issuer, key.version, key.algorithm): at
                         for at, key in enumerate(self._keys)}

    def __repr__(self) -> str:
        return f"Keystore({len(self._keys)} keys)"

    def list_keys(self) -> list[tuple[str, int, str, str]]:
        """Issuer, version, algorithm and check value of each; no check value leads to its key."""
        names = {number: name for name, number in ALGORITHMS.items()}
        return [(key.issuer, key.version, names[key.algorithm], _check_value(key))
                for key in self._keys]

    def find(self, issuer: str, version: int, algorithm: int) -> int | None:
        """A handle of the key of an issuer; None where there is no such key."""
        return self._handles.get((issuer, version, algorithm))

    def compute(self, key: int, serials: Bytes, messages: Bytes, types: Sequence[int]
                ) -> npt.NDArray[np.uint32]:
        """The codes (types, n) of messages (n, 22) of cards with these serial numbers (n, 8)."""
        found = self._keys[key]
        is_sm4 = found.algorithm == SM4_ALGORITHM
        secret, after = _diversify(found)
        keys = np.empty((len(messages), KEY_BYTES), dtype=np.uint8)
        codes = np.empty((len(types), len(messages)), dtype=np.uint32)
        if BY_CARD in found.levels:
            derive_keys(is_sm4, secret, serials, keys)
        else:
            keys[:] = secret
        compute_codes(is_sm4, keys, after, messages, np.array(types, dtype=np.uint8), codes)
        keys.fill(0)
        return codes


def _encryptor(algorithm: int, key: bytes) -> Any:
    """Encryption by a key: three-key DES of two, or of one that is written three times."""
    if algorithm == SM4_ALGORITHM:
        return Cipher(SM4(key), modes.ECB()).encryptor()
    return Cipher(TripleDES((key * 3)[:24]), modes.ECB()).encryptor()


def _check_value(key: _Key) -> str:
    block = 16 if key.algorithm == SM4_ALGORITHM else 8
    return str(_encryptor(key.algorithm, key.secret).update(bytes(block))[:3].hex()
               ).upper()


def _diversify(key: _Key) -> tuple[Bytes, Bytes]:
    """The key that all cards have in common, and the parts that each card's own is diversified by.

    Of the card's level itself there is no part: every card brings its own.
    """
    at = key.levels.index(BY_CARD) if BY_CARD in key.levels else len(key.levels)
    secret = key.secret
    for level in key.levels[:at]:
        part = bytes.fromhex(level)
        secret = _encryptor(key.algorithm, secret).update(
            part + bytes(byte ^ 0xFF for byte in part))
    after = b"".join(map(bytes.fromhex, key.levels[at + 1:]))
    return (np.frombuffer(secret, dtype=np.uint8),
            np.frombuffer(after, dtype=np.uint8).reshape(-1, PART_BYTES))


# The file.

def open_keystore(path: Path, passphrase: str) -> Keystore:
    """The keys of a sealed file. Raises OnecardError."""
    data = _read(path)
    if not data.startswith(MAGIC):
        raise OnecardError("is no sealed keystore", where=str(path),
                           remedy="seal the keys first: onecard keys seal KEYS.toml FILE")
    salt, nonce, sealed = (data[len(MAGIC):][:SALT_BYTES],
                           data[len(MAGIC) + SALT_BYTES:][:NONCE_BYTES],
                           data[len(MAGIC) + SALT_BYTES + NONCE_BYTES:])
    try:
        plain = AESGCM(_stretch(passphrase, salt)).decrypt(nonce, sealed, MAGIC)
    except (InvalidTag, ValueError):
        raise OnecardError("cannot be opened: another passphrase, or the file was changed",
                           where=str(path), remedy="give the passphrase that it was sealed with, "
                           "or seal the keys again") from None
    return Keystore(read_keys(json.loads(plain), str(path)))


def seal_keys(source: Path, passphrase: str) -> bytes:
    """The content of a sealed file of the keys that a TOML file lists. Raises OnecardError."""
    if len(passphrase) < LEAST_PASSPHRASE:
        raise OnecardError(Phrase("the passphrase has {length} characters",
                                  length=len(passphrase)),
                           expected=Phrase("{least_passphrase} at least",
                                           least_passphrase=LEAST_PASSPHRASE))
    try:
        content = tomllib.loads(_read(source).decode("utf-8"))
    except (ValueError, RecursionError):        # whose words may quote a key
        raise OnecardError("is not TOML in UTF-8", where=str(source),
                           remedy="write [[key]] with issuer, version, algorithm, key and "
                           "diversify") from None
    keys = content.get("key")
    read_keys(keys, str(source))
    salt, nonce = secrets.token_bytes(SALT_BYTES), secrets.token_bytes(NONCE_BYTES)
    sealed = AESGCM(_stretch(passphrase, salt)).encrypt(nonce, json.dumps(keys).encode(), MAGIC)
    return MAGIC + salt + nonce + sealed


def _stretch(passphrase: str, salt: bytes) -> bytes:
    return Scrypt(salt=salt, **SCRYPT).derive(passphrase.encode("utf-8"))


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        data = file.read(FILE_BYTES_MOST + 1)
    if len(data) > FILE_BYTES_MOST:
        raise OnecardError(Phrase("has more than {file_bytes_most} bytes",
                                  file_bytes_most=FILE_BYTES_MOST), where=str(path),
                           expected="a file of keys")
    return data


def read_keys(rows: Any, where: str) -> list[_Key]:
    """Keys as they are written; what is wrong is told by the number of its key, never quoted."""
    keys = []
    for number, (name, row) in enumerate(read_names(rows, where, "key"), 1):
        if not _is_hex(row["key"], KEY_BYTES):
            raise OnecardError("its key is none", where=_at(where, number), expected=Phrase(
                "{digits} hexadecimal digits", digits=2 * KEY_BYTES))
        keys.append(_Key(name.issuer, name.version, name.algorithm, name.levels,
                         bytes.fromhex(row["key"])))
    return keys


def read_names(rows: Any, where: str, holder: str) -> list[tuple[KeyName, dict[str, Any]]]:
    """What rows of a file of keys say besides where the key is, which their part `holder` says."""
    if not isinstance(rows, list) or not rows:
        raise OnecardError("lists no keys", where=where, expected="[[key]], one or more")
    names = [_read_name(row, _at(where, number), holder) for number, row in enumerate(rows, 1)]
    seen: set[tuple[str, int, int]] = set()
    for number, key in enumerate(names, 1):
        name = (key.issuer, key.version, key.algorithm)
        if name in seen:
            raise OnecardError("has the issuer, version and algorithm of one before it",
                               where=_at(where, number), remedy="keep one of the two")
        seen.add(name)
    return list(zip(names, rows, strict=True))


def _at(where: str, number: int) -> Phrase:
    return Phrase("{where}: key {number}", where=where, number=number)


def _read_name(row: Any, where: str, holder: str) -> KeyName:
    def refuse(what: str, expected: str) -> OnecardError:
        return OnecardError(what, where=where, expected=expected)

    names = {"issuer", "version", "algorithm", holder, "diversify"}
    if not isinstance(row, dict) or set(row) != names:
        raise refuse("has other parts than a key has", Phrase("just {names}",
                                                              names=", ".join(sorted(names))))
    version, levels = row["version"], row["diversify"]
    if not isinstance(row["issuer"], str) or not row["issuer"]:
        raise refuse("its issuer is no code", "the code of an issuer in network.toml")
    if type(version) is not int or not 0 <= version <= 255:
        raise refuse("its version is no number of a byte", "0 to 255")
    if row["algorithm"] not in tuple(ALGORITHMS):
        raise refuse("its algorithm is none", '"00" for DES or "01" for SM4')
    if not isinstance(levels, list) or levels.count(BY_CARD) > 1 or not all(
            one == BY_CARD or _is_hex(one, PART_BYTES) for one in levels):
        raise refuse("its diversify is none", Phrase('a list of "{by_card}", once, and of '
                                                     "{digits} hexadecimal digits, such as the "
                                                     "issuer's code", by_card=BY_CARD,
                                                     digits=2 * PART_BYTES))
    return KeyName(row["issuer"], version, ALGORITHMS[row["algorithm"]], tuple(levels))


def _is_hex(text: Any, size: int) -> bool:
    if not isinstance(text, str) or len(text) != 2 * size or not text.isalnum():
        return False
    try:
        bytes.fromhex(text)
    except ValueError:
        return False
    return True
