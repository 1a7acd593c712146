"""Codes are made by keys of a PKCS#11 token as by the same keys of a sealed file; none is shown."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

pkcs11 = pytest.importorskip("pkcs11")

from clearing.intake import module_keys  # noqa: E402
from clearing.intake.keystore import Keystore, read_keys  # noqa: E402
from clearing.intake.module_keys import ModuleKeys, open_module  # noqa: E402
from network.errors import OnecardError  # noqa: E402
from tests.intake.sender import file_of, outcomes, read  # noqa: E402
from tests.intake.test_authentication_codes import CASES, ISSUER_CODE, SECRETS, des  # noqa: E402
from tests.run.command import onecard  # noqa: E402

LIBRARY = Path("/usr/lib/softhsm/libsofthsm2.so")
PIN, TOKEN = "87654321", "onecard-tests"
# What the token keeps is diversified by the issuer already.
PART = bytes.fromhex(ISSUER_CODE)
SECRET = b"".join(des(bytes.fromhex(SECRETS["00"]), half)
                  for half in (PART, bytes(byte ^ 0xFF for byte in PART)))
FILE = f"""module = "{LIBRARY}"
token = "{TOKEN}"
[[key]]
issuer = "one"
version = 1
algorithm = "00"
label = "tac-one-1"
diversify = ["card"]
"""

pytestmark = pytest.mark.skipif(not LIBRARY.exists(), reason="softhsm2 is not installed")


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A file of a token that has the key."""
    folder = tmp_path_factory.mktemp("token")
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder}/tokens\n"
                                          "log.level = ERROR\n", "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", str(folder / "softhsm2.conf"))
        subprocess.run(["softhsm2-util", "--init-token", "--free", "--label", TOKEN, "--pin", PIN,
                        "--so-pin", PIN], check=True, capture_output=True)
        library = pkcs11.lib(str(LIBRARY))
        library.reinitialize()
        with library.get_token(token_label=TOKEN).open(rw=True, user_pin=PIN) as session:
            for label, kind in (("tac-one-1", pkcs11.KeyType.DES2),
                                ("generic", pkcs11.KeyType.GENERIC_SECRET)):
                session.create_object({
                    pkcs11.Attribute.CLASS: pkcs11.ObjectClass.SECRET_KEY,
                    pkcs11.Attribute.KEY_TYPE: kind, pkcs11.Attribute.VALUE: SECRET,
                    pkcs11.Attribute.LABEL: label, pkcs11.Attribute.TOKEN: True,
                    pkcs11.Attribute.PRIVATE: True, pkcs11.Attribute.SENSITIVE: True,
                    pkcs11.Attribute.EXTRACTABLE: False, pkcs11.Attribute.ENCRYPT: True})
        (folder / "module.toml").write_text(FILE, "utf-8")
        yield folder / "module.toml"


@pytest.fixture
def keys(path: Path) -> Iterator[ModuleKeys]:
    opened = open_module(path, lambda: PIN)
    yield opened
    opened.close()


@settings(max_examples=30, deadline=None, phases=[Phase.generate],
          suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(st.binary(min_size=8, max_size=8),
                               st.binary(min_size=22, max_size=22)), max_size=6),
       repeated=st.sampled_from([1, 1000]))
def test_the_same_codes_as_from_a_file(keys: ModuleKeys, rows: list[tuple[bytes, bytes]],
                                       repeated: int) -> None:
    """Also of more cards than the module is given at once."""
    stored = Keystore(read_keys([{"issuer": "one", "version": 1, "algorithm": "00",
                                  "key": SECRET.hex(), "diversify": ["card"]}], "here"))
    serials = np.frombuffer(b"".join(one for one, _ in rows) * repeated, np.uint8).reshape(-1, 8)
    messages = np.frombuffer(b"".join(one for _, one in rows) * repeated, np.uint8).reshape(-1, 22)
    assert keys.find("one", 1, 0) == stored.find("one", 1, 0) == 0
    assert keys.find("one", 2, 0) is keys.find("one", 1, 1) is None
    assert keys.compute(0, serials, messages, (9, 6)).tolist() == stored.compute(
        0, serials, messages, (9, 6)).tolist()


def test_records_are_held_to_a_modules_keys(tmp_path: Path, keys: ModuleKeys) -> None:
    """As to those of a file, but for SM4, which modules have no common name for."""
    told = [code for code, _ in outcomes(read(tmp_path, file_of([text for text, _ in CASES]),
                                              keys=keys, threads=2))]
    by_file = [code for _, code in CASES]
    assert [one for one in zip(told, by_file, strict=True) if one[0] != one[1]] == [
        ("TAC_KEY_UNKNOWN", "OK")]


def test_on_the_command_line(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONECARD_KEYS_PIN", PIN)
    listed = onecard("keys", "list", path)
    assert "one            1   00          " + des(SECRET, bytes(8))[:3].hex().upper() in listed.out
    monkeypatch.setenv("ONECARD_KEYS_PIN", "20000001")
    refused = onecard("keys", "list", path)
    assert "the module refuses: PinIncorrect" in refused.err
    monkeypatch.delenv("ONECARD_KEYS_PIN")
    asked = onecard("keys", "list", path)
    assert "nobody can be asked for the PIN" in asked.err
    for told in (listed, refused, asked):
        for secret in (PIN, "20000001", SECRET.hex()):
            assert secret not in told.out + told.err


@pytest.mark.parametrize(("old", "new", "words"), [
    (f'"{LIBRARY}"', '"/nowhere.so"', "the module refuses: "),
    (f'"{TOKEN}"', '"another"', "the module refuses: NoSuchToken"),
    ('"tac-one-1"', '"another"', "the token has not one key with the label 'another'"),
    ('"tac-one-1"', '"generic"', "the token has not one key with the label 'generic'"),
    ('"tac-one-1"', "1", "key 1 cannot be in a module"),
    ('"00"', '"01"', "key 1 cannot be in a module"),
    ('["card"]', f'["{ISSUER_CODE}", "card"]', "key 1 cannot be in a module"),
    ("label", "key", "key 1: has other parts than a key has"),
    ("token", "slot", "has other parts than a file of a module has"),
    ('token = "', 'token = ', "is not TOML"),
])
def test_files_that_are_written_wrong(path: Path, tmp_path: Path, old: str, new: str,
                                      words: str) -> None:
    wrong = tmp_path / "module.toml"
    wrong.write_text(FILE.replace(old, new, 1), "utf-8")
    with pytest.raises(OnecardError) as error:
        open_module(wrong, lambda: PIN)
    assert words in str(error.value)


def test_a_module_that_goes_away(path: Path) -> None:
    opened = open_module(path, lambda: PIN)
    opened.close()
    with pytest.raises(OnecardError, match="the module refuses: "):
        opened.compute(0, np.zeros((1, 8), np.uint8), np.zeros((1, 22), np.uint8), (6,))


def test_without_the_library(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module_keys, "find_spec", lambda _: None)
    with pytest.raises(OnecardError, match="which is not installed"):
        open_module(path, lambda: PIN)
