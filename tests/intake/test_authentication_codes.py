"""A record whose code is not what the issuer's key makes of it is refused; keys are shown nowhere.

Codes are worked out here step by step, from single blocks; the ciphers are held to public vectors.
"""

from __future__ import annotations

import resource
import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from clearing.intake.decoder_tables import CodeTable
from clearing.intake.keystore import Keystore, open_keystore, read_keys, seal_keys
from clearing.intake.layout import read_layout
from clearing.intake.proof import Terminals
from ext.codes import TapKind
from ext.intake.signed import write_signed
from ext.records import TAP, TAP_FLAGS
from network.cards import card_bits, card_text
from network.errors import OnecardError
from tests.intake.sender import COLUMNS, file_of, line_of, outcomes, read
from tests.kernels.cases import ahead
from tests.run.command import onecard
from tests.run.test_what_closes_is_shown_and_asked import NETWORK

VECTORS = Path(__file__).parents[3] / "shared" / "data" / "crypto" / "botan"
ISSUER_CODE = "01013120FFFFFFFF"
SECRETS = {"00": "0123456789ABCDEFFEDCBA9876543210", "01": "FEDCBA98765432100123456789ABCDEF"}
PASSPHRASE = "an orange bus at noon"
KEYS_TOML = "".join(f'''[[key]]
issuer = "one"
version = 1
algorithm = "{algorithm}"
key = "{secret}"
diversify = ["{ISSUER_CODE}", "card"]
''' for algorithm, secret in SECRETS.items())


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    (folder / "keys.toml").write_text(KEYS_TOML, "utf-8")
    (folder / "keys.sealed").write_bytes(seal_keys(folder / "keys.toml", PASSPHRASE))
    return folder / "keys.sealed"


def _keys() -> Keystore:
    """The same keys, for whoever needs them without a file."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "keys.toml", Path(folder) / "keys.sealed"
        source.write_text(KEYS_TOML, "utf-8")
        target.write_bytes(seal_keys(source, PASSPHRASE))
        return open_keystore(target, PASSPHRASE)


KEYS = _keys()


def des(key: bytes, block: bytes) -> bytes:
    """One block of 8 bytes, by a key of 8 or of 16."""
    return Cipher(TripleDES((key * 3)[:24]), modes.ECB()).encryptor().update(block)


def sm4(key: bytes, block: bytes) -> bytes:
    return Cipher(SM4(key), modes.ECB()).encryptor().update(block)


def xor(a: bytes, b: bytes) -> bytes:
    return bytes(x ^ y for x, y in zip(a, b, strict=True))


def chain(cipher: Callable[[bytes, bytes], bytes], key: bytes, data: bytes, block: int) -> bytes:
    """CBC from a start of zeros: the last block."""
    last = bytes(block)
    for at in range(0, len(data), block):
        last = cipher(key, xor(last, data[at:at + block]))
    return last


def code_of(algorithm: str, secret: bytes, parts: list[bytes], message: bytes) -> bytes:
    """A code as the description has it, level by level and block by block."""
    for part in parts:
        other = xor(part, b"\xff" * 8)
        secret = (des(secret, part) + des(secret, other) if algorithm == "00"
                  else sm4(secret, part + other))
    message += b"\x80"
    if algorithm == "00":
        message += bytes(-len(message) % 8)
        return chain(des, xor(secret[:8], secret[8:]), message, 8)[:4]
    return chain(sm4, secret, message + bytes(-len(message) % 16), 16)[:4]


def levels_of(parts: list[bytes | None]) -> list[str]:
    return ["card" if part is None else part.hex() for part in parts]


PARTS = st.lists(st.binary(min_size=8, max_size=8), max_size=2)


@settings(max_examples=60, deadline=None, phases=[Phase.generate])
@given(st.sampled_from(sorted(SECRETS)), st.binary(min_size=16, max_size=16), PARTS,
       st.booleans(), PARTS,
       st.lists(st.tuples(st.binary(min_size=8, max_size=8), st.binary(min_size=22, max_size=22)),
                max_size=6), st.lists(st.integers(0, 255), max_size=3))
def test_codes_step_by_step(algorithm: str, secret: bytes, before: list[bytes], by_card: bool,
                            after: list[bytes], rows: list[tuple[bytes, bytes]],
                            types: list[int]) -> None:
    """Any key, levels, types and cards: the kernel says what a library's single blocks do."""
    levels = [*before, *[None] * by_card, *after]
    keys = Keystore(read_keys([{"issuer": "one", "version": 1, "algorithm": algorithm,
                                "key": secret.hex(), "diversify": levels_of(levels)}], "here"))
    serials = np.frombuffer(b"".join(serial for serial, _ in rows), np.uint8).reshape(-1, 8)
    messages = np.frombuffer(b"".join(message for _, message in rows), np.uint8).reshape(-1, 22)
    key = keys.find("one", 1, int(algorithm))
    assert key is not None
    assert keys.compute(key, serials, messages, types).tolist() == [[int.from_bytes(code_of(
        algorithm, secret, [serial if part is None else part for part in levels],
        message[:4] + bytes([kind]) + message[5:]), "big") for serial, message in rows]
        for kind in types]


@pytest.mark.parametrize(("file", "cipher", "block"), [("des.vec", des, 8), ("sm4.vec", sm4, 16)])
def test_the_ciphers(file: str, cipher: Callable[[bytes, bytes], bytes], block: int) -> None:
    """Every vector of a well-kept library's own tests."""
    path = VECTORS / file
    if not path.is_file():
        pytest.skip(f"{path} is not here: it is not part of the repository")
    given: dict[str, bytes] = {}
    found, section = 0, ""
    for line in path.read_text("utf-8").splitlines():
        section = line if line.startswith("[") else section
        name, equals, value = line.partition("=")
        if not equals or section not in ("[DES]", "[SM4]"):
            continue
        given[name.strip()] = bytes.fromhex(value.strip())
        if name.strip() == "Out":
            blocks = range(0, len(given["In"]), block)
            assert b"".join(cipher(given["Key"], given["In"][at:at + block])
                            for at in blocks) == given["Out"]
            found += 1
    assert found > 5


def line(signed: str = "00", kind: str = "09", *, top_up: bool = False, **more: str) -> str:
    """A record with its code by an algorithm, and other values than were signed."""
    more |= {"kind": "top_up"} if top_up else {}
    values = {"card": "3100000000000001", "paid": "200", "device": "360486600002",
              "device_seq": "70", "tapped_at": "20241125073000", "key_version": "1",
              "algorithm": signed}
    text = f"000000C8{kind}3604866000020000004620241125073000"
    code = code_of(signed, bytes.fromhex(SECRETS[signed]),
                   [bytes.fromhex(ISSUER_CODE), bytes.fromhex("3100000000000001")],
                   bytes.fromhex(text))
    return line_of(**{**values, "tac": code.hex(), **more})


CASES = [
    # the record                                        what becomes of it
    (line(),                                            "OK"),
    (line("01"),                                        "OK"),
    (line(kind="06"),                                   "OK"),          # a simple payment
    (line_of(),                                         "OK"),          # has no code
    (line(due="200"),                                   "OK"),          # is not signed
    (line(card_seq="9"),                                "OK"),          # nor is the card's counter
    (line(paid="201"),                                  "TAC_INVALID"),
    (line(paid=""),                                     "TAC_INVALID"),
    (line(device_seq="71"),                             "TAC_INVALID"),
    (line(device="360486600003"),                       "TAC_INVALID"),
    (line(device="D1"),                                 "TAC_INVALID"),
    (line(tapped_at="20241125073001"),                  "TAC_INVALID"),
    (line(card="3100000000000002"),                     "TAC_INVALID"),
    (line(kind="05"),                                   "TAC_INVALID"),
    (line(kind="02"),                                   "TAC_INVALID"),     # what loads sign
    (line(kind="02", top_up=True, paid="200"),          "OK"),
    (line(kind="09", top_up=True),                      "TAC_INVALID"),
    (line(tac="00000000"),                              "TAC_INVALID"),
    (line("01", algorithm="00"),                       "TAC_INVALID"),
    (line(key_version="2"),                             "TAC_KEY_UNKNOWN"),
    (line("01", algorithm="2"),                         "TAC_KEY_UNKNOWN"),
    (line(card="3105000000000001"),                     "TAC_KEY_UNKNOWN"),     # another issuer's
    (line(tac="FFFFFFFF"),                              "TAC_GREY"),
    (line(paid="never"),                                "AMOUNT_INVALID"),
    (line(),                                            "OK"),
]


def message_of(tap: Any, terminal: bytes, offset_s: int) -> tuple[bytes, bytes]:
    """A card's serial number and what it signs, field by field."""
    moment = datetime(1970, 1, 1) + timedelta(seconds=int(tap["tapped_at"]) + offset_s)
    card = card_text(int(tap["card_hi"]), int(tap["card_lo"]))
    return bytes.fromhex(card[-16:].zfill(16)), (
        abs(int(tap["paid"])).to_bytes(4, "big") + b"\0" + terminal
        + int(tap["device_seq"]).to_bytes(4, "big")
        + bytes.fromhex(f"{moment:%Y%m%d%H%M%S}"))


CARDS = st.text("0123456789", min_size=1, max_size=20) | st.text("09AZaz", min_size=1, max_size=16)


@settings(max_examples=100, deadline=None, phases=[Phase.generate])
@given(CARDS, st.integers(0, 2**32 - 1), st.integers(-2 * 10**9, 2 * 10**9),
       st.sampled_from(["360486600002", "0a0B0c0D0e0F", "36048660000", "36 048660000", "D1"]),
       st.integers(0, 2**32 - 1), st.sampled_from([TapKind.TOP_UP, TapKind.SINGLE]),
       st.sampled_from([0, 8 * 3600]), st.booleans())
def test_what_cards_sign(card: str, tapped_at: int, paid: int, device: str, device_seq: int,
                         kind: TapKind, offset_s: int, has_paid: bool) -> None:
    tap, devices = np.zeros(1, dtype=TAP), CodeTable()
    tap["card_hi"], tap["card_lo"] = card_bits(card)
    tap["tapped_at"], tap["paid"], tap["kind"] = tapped_at, paid, kind
    tap["device"], tap["device_seq"] = devices.add(device), device_seq
    tap["flags"] = TAP_FLAGS["HAS_PAID"] * has_paid
    serials, messages = np.ones((1, 8), np.uint8), np.ones((1, 22), np.uint8)
    is_signed = np.ones(1, np.uint8)
    write_signed(tap, np.zeros(1, np.int64), Terminals().rows(devices), ahead(offset_s), serials,
                 messages, is_signed)
    can_be = has_paid and card.isdigit() and len(device) == 12 and " " not in device
    assert bool(is_signed[0]) == can_be
    if can_be:
        assert (serials.tobytes(), messages.tobytes()) == message_of(
            tap[0], bytes.fromhex(device), offset_s)


@pytest.mark.parametrize("block_bytes", [99, 1 << 20])
def test_records_are_held_to_their_codes(tmp_path: Path, block_bytes: int) -> None:
    content = file_of([text for text, _ in CASES])
    intake = read(tmp_path, content, keys=KEYS, block_bytes=block_bytes)
    assert [code for code, _ in outcomes(intake)] == [code for _, code in CASES]
    assert {column for code, column in outcomes(intake) if code.startswith("TAC")} == {"tac"}
    refusals = intake.refusals(0)
    lines = content.split(b"\n")
    for index, refusal in enumerate(refusals.records):
        assert refusals.raw(index) == lines[int(refusal["line"]) - 1]
        assert content[int(refusal["offset"]):].startswith(refusals.raw(index))
    assert intake.files[0].paid == 200 * 7
    # Without keys codes are carried, and not looked at.
    assert [code for code, _ in outcomes(read(tmp_path, content))].count("OK") == len(CASES) - 1


def test_a_layouts_records_are_held_to_theirs(tmp_path: Path) -> None:
    """The refusal shows the original record, and its column."""
    text = line(paid="201")
    record = dict(zip(COLUMNS, text.split(","), strict=True))
    layout = tmp_path / "mine.toml"
    columns = [name for name, value in record.items() if value]
    layout.write_text('title = "x"\nformat = "csv"\ndelimiter = ";"\n[fields]\n' + "".join(
        f'{name} = {{ column = "my-{name}" }}\n' for name in columns)
        + 'stop = { constant = "" }\n', "utf-8")
    content = ";".join(f"my-{name}" for name in columns) + "\n" + ";".join(
        record[name] for name in columns) + "\n"
    path: Any = tmp_path / "0.csv"
    intake = read(tmp_path, content.encode(), keys=KEYS, layout={path: read_layout(layout)})
    assert outcomes(intake) == [("TAC_INVALID", "my-tac")]
    assert intake.refusals(0).raw(0) == content.split("\n")[1].encode()


def test_keys_are_shown_nowhere(sealed: Path) -> None:
    keys = open_keystore(sealed, PASSPHRASE)
    told = repr(keys) + repr(keys.__dict__) + repr(keys.list_keys()) + str(sealed.read_bytes())
    for secret in SECRETS.values():
        assert secret.lower() not in told.lower()
        assert repr(bytes.fromhex(secret))[2:-1] not in told
    assert [row[:3] for row in keys.list_keys()] == [("one", 1, "00"), ("one", 1, "01")]
    assert keys.list_keys()[0][3] == des(bytes.fromhex(SECRETS["00"]), bytes(8))[:3].hex().upper()


def test_no_dump_has_keys(sealed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that has unlocked keys writes none, and hands none to a program either."""
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    monkeypatch.setenv("ONECARD_KEYS_PASSPHRASE", PASSPHRASE)
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
    try:
        assert onecard("keys", "list", sealed).code == 0
        assert resource.getrlimit(resource.RLIMIT_CORE)[0] in (0, 1)
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, (soft, hard))


def test_a_keystore_that_cannot_be_opened(sealed: Path, tmp_path: Path) -> None:
    good = sealed.read_bytes()
    spoilt = [good[:-1], good[:20], good[:40] + b"x" + good[41:], good + b"x"]
    for content, passphrase in [(good, "wrong"), (good, ""),
                                *((one, PASSPHRASE) for one in spoilt)]:
        path = tmp_path / "spoilt"
        path.write_bytes(content)
        with pytest.raises(OnecardError, match="another passphrase, or the file was changed"):
            open_keystore(path, passphrase)
    path.write_text(KEYS_TOML, "utf-8")
    with pytest.raises(OnecardError, match="is no sealed keystore"):
        open_keystore(path, PASSPHRASE)


SECRET = SECRETS["00"]


@pytest.mark.parametrize(("old", "new", "words"), [
    (f'key = "{SECRET}"', f'key = "{SECRET}0"', "key 1: its key is none"),
    (f'key = "{SECRET}"', f'key = {SECRET}', "is not TOML"),
    (f'key = "{SECRET}"', f'kee = "{SECRET}"', "key 1: has other parts than a key has"),
    ('algorithm = "01"', f'algorithm = "{SECRET}"', "key 2: its algorithm is none"),
    ('algorithm = "01"', 'algorithm = "00"', "key 2: has the issuer, version and algorithm of one"),
    ("version = 1", f'version = "{SECRET}"', "key 1: its version is no number"),
    ('issuer = "one"', "issuer = 1", "key 1: its issuer is no code"),
    (f'"{ISSUER_CODE}"', f'"{SECRET}"', "key 1: its diversify is none"),
    ("[[key]]", "[[keys]]", "key 1"),
])
def test_keys_that_are_written_wrong(tmp_path: Path, old: str, new: str, words: str) -> None:
    """What is wrong is told by its place, and nothing that was written is repeated."""
    path = tmp_path / "keys.toml"
    assert old in KEYS_TOML
    text = KEYS_TOML.replace(old, new, 1) if words != "key 1" else KEYS_TOML.replace(old, new)
    path.write_text(text, "utf-8")
    with pytest.raises(OnecardError) as error:
        seal_keys(path, PASSPHRASE)
    assert words in str(error.value).replace("lists no keys", "key 1")
    assert SECRET not in str(error.value)
    assert error.value.__suppress_context__ or error.value.__cause__ is None


def test_on_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = tmp_path / "keys.toml", tmp_path / "keys.sealed"
    source.write_text(KEYS_TOML, "utf-8")
    monkeypatch.setenv("ONECARD_KEYS_PASSPHRASE", "short")
    assert "the passphrase has 5 characters" in onecard("keys", "seal", source, target).err
    monkeypatch.setenv("ONECARD_KEYS_PASSPHRASE", PASSPHRASE)
    done = onecard("keys", "seal", source, target)
    assert (done.code, "take it away" in done.out) == (0, True)
    assert target.stat().st_mode & 0o777 == 0o600
    listed = onecard("keys", "list", target)
    assert "one            1   00          08D7B4" in listed.out
    assert "File exists" in onecard("keys", "seal", source, target).err
    taps = tmp_path / "taps.csv"
    taps.write_bytes(file_of([line(card="3105000020000000035", operator="hk-bus", line="19",
                                   stop="龙华总站")]))
    done = onecard("clear", taps, "--network", NETWORK, "--keys", target,
                   "--book", tmp_path / "book", "--dry-run")
    assert "TAC_KEY_UNKNOWN" in done.out
    for told in (done, listed):
        assert SECRET not in told.out + told.err
