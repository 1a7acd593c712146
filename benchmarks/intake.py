"""How fast files are read, in million records a second, by the form that they come in.

Each form has the same taps: one line or record each. Read and decoded is what is measured, with
the digest, on as many threads as there are processors; no ride is priced. The best of some rounds
counts; so it does of the time of a core for each record, which says more where others compute on
the same machine.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import hashlib
import json
import os
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from benchmarks.machine import describe_machine, memory_bytes
from benchmarks.ride_codes import AUTHORITY, compressed, make_certificate, make_code
from clearing.intake.chunks import ROWS
from clearing.intake.decoder_tables import DecoderTables
from clearing.intake.deny_lists import read_group
from clearing.intake.keystore import Keystore, open_keystore, seal_keys
from clearing.intake.layout import read_layout
from clearing.intake.proof import COMPOUND, SIMPLE
from clearing.intake.reader import read_files
from ext.codes import TapKind
from ext.intake.denied import Denied
from ext.intake.signed import MESSAGE_BYTES
from ext.records import TAP, Records
from network.model import DenyList, RideCodeAuthority
from network.names import Names
from network.network import Network, load_network
from network.numbering import number_network

RECEIVED_AT = 1735689600        # 2025-01-01
PASSPHRASE = "only for measuring"
ISSUER, ISSUER_PREFIX = "zs-card", "31048705"      # of the network demo
FIELDS = """
[fields]
card = { column = "card" }
card_seq = { column = "seq" }
tapped_at = { columns = ["day", "time"], time = ["%Y%m%d %H%M%S"] }
operator = { constant = "zs-bus" }
device = { column = "device" }
device_seq = { column = "seq" }
mode = { constant = "bus" }
kind = { column = "type", map = { "06" = "single" } }
stop = { constant = "" }
line = { column = "line" }
"""
YUAN = FIELDS + 'paid = { column = "paid", decimals = 2 }\n'
FEN = FIELDS + 'paid = { column = "paid" }\n'
TEXT_PLACES = """
[columns]
card = { start = 0, width = 20 }
seq = { start = 20, width = 8 }
day = { start = 28, width = 8 }
time = { start = 36, width = 6 }
device = { start = 42, width = 8 }
type = { start = 50, width = 2 }
line = { start = 52, width = 12 }
paid = { start = 64, width = 8, type = "hex_number" }
"""
BYTES_PLACES = """
[columns]
card = { start = 0, width = 10, type = "bcd" }
seq = { start = 10, width = 4, type = "big_endian" }
day = { start = 14, width = 4, type = "bcd" }
time = { start = 18, width = 3, type = "bcd" }
device = { start = 21, width = 8, pad = "F" }
type = { start = 29, width = 1, type = "hex" }
line = { start = 30, width = 12, pad = "F" }
paid = { start = 42, width = 4, type = "big_endian" }
"""
HEADER = "card,seq,day,time,device,type,line,paid\n"
CANONICAL = "card,card_seq,tapped_at,operator,device,device_seq,mode,kind,stop,line,paid\n"


@dataclass(frozen=True)
class Tap:
    """A tap as every form has it."""

    card: str
    seq: int
    time: str
    device: str
    line: str
    paid: int


@dataclass(frozen=True)
class Form:
    """A form of file: its layout, "": onecard-taps/1; what its file begins with; a record."""

    layout: str
    head: bytes
    write: Callable[[Tap], bytes]


def _ascii(tap: Tap) -> str:
    return tap.line.replace("线", "B")


def _csv(tap: Tap, encoding: str = "utf-8") -> bytes:
    return (f"{tap.card},{tap.seq},20241125,{tap.time},{tap.device},06,{tap.line},"
            f"{tap.paid // 100}.{tap.paid % 100:02}\n").encode(encoding)


def _object(tap: Tap) -> bytes:
    return json.dumps({"card": tap.card, "seq": tap.seq, "day": "20241125", "time": tap.time,
                       "device": tap.device, "type": "06", "line": tap.line, "paid": tap.paid},
                      ensure_ascii=False).encode() + b"\n"


def _bytes(tap: Tap) -> bytes:
    return (bytes.fromhex(f"0{tap.card}") + tap.seq.to_bytes(4, "big") + bytes.fromhex("20241125")
            + bytes.fromhex(tap.time) + tap.device.encode().ljust(8, b"F") + b"\x06"
            + _ascii(tap).encode().ljust(12, b"F") + tap.paid.to_bytes(4, "big"))


FORMS = {
    "onecard-taps/1": Form("", CANONICAL.encode(), lambda tap: (
        f"{tap.card},{tap.seq},20241125{tap.time},zs-bus,{tap.device},{tap.seq},bus,single,,"
        f"{tap.line},{tap.paid}\n").encode()),
    "fixed ASCII, fields": Form(
        'title = "x"\nformat = "fixed"\nrecord_bytes = 72\n' + TEXT_PLACES + FEN, b"",
        lambda tap: (f"{tap.card:20}{tap.seq:08}20241125{tap.time}{tap.device:8}06{_ascii(tap):12}"
                     f"{tap.paid:08X}\n").encode()),
    "binary": Form('title = "x"\nformat = "binary"\nrecord_bytes = 46\n' + BYTES_PLACES
                   + FEN.replace('"card" }', '"card", slice = [1, 20] }'), b"", _bytes),
    "CSV, yuan, two columns": Form('title = "x"\nformat = "csv"\n' + YUAN, HEADER.encode(), _csv),
    "CSV in GB18030": Form('title = "x"\nformat = "csv"\nencoding = "gb18030"\n' + YUAN,
                           HEADER.encode(), lambda tap: _csv(tap, "gb18030")),
    "JSON Lines": Form('title = "x"\nformat = "jsonl"\n' + FEN, b"", _object),
}


def main(arguments: list[str]) -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser("python -m benchmarks intake", description=__doc__)
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--ride-codes", type=int, default=2_000, help="how many are checked")
    parser.add_argument("--denied", type=int, default=1_000_000, help="cards of the deny list")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        measured = {name: _read(Path(folder), name, form, options.records, options.rounds)
                    for name, form in FORMS.items()}
        measured |= {name: _prove(Path(folder), name, algorithm, options.records, options.rounds)
                     for name, algorithm in (("with codes by DES", "00"),
                                             ("with codes by SM4", "01"))}
        scanned, scanned_ns = _scan(Path(folder), options.ride_codes)
        denied = _deny(Path(folder), options.denied, options.records, options.rounds)
        rates = {name: rate for name, (rate, _) in measured.items()}
    if options.json:
        print(json.dumps({"machine": describe_machine(), "records": options.records,
                          "per_second": rates,
                          "core_ns": {name: core for name, (_, core) in measured.items()},
                          "denied": denied, "ride_codes": {"per_second": scanned,
                                                           "core_ns": scanned_ns}}))
        return
    print(f"{describe_machine()}\n{options.records:,} records, the best of {options.rounds}\n")
    for name, rate in rates.items():
        print(f"{name:26}{rate / 1e6:8.3f} million a second, "
              f"{measured[name][1]:5} ns of a core each")
    print(f"with ride codes (QR)      {scanned:9,} a second, "
          f"{scanned_ns // 1000:,} µs of a core each")
    print(f"deny list of {options.denied:,} cards: {denied['ps_a_tap'] / 1000:.1f} ns a tap, "
          f"{denied['bytes'] / 1e6:.0f} MB, read in {denied['read_ms']:,} ms")


def _taps(records: int) -> Iterator[Tap]:
    for number in range(records):
        second = number * 50_000 // records + 25_000
        yield Tap(f"3105000020{number * 7919 % 10**9:09}", number % 60_000 + 1,
                  f"{second // 3600:02}{second // 60 % 60:02}{second % 60:02}",
                  f"P{number % 2000:04}", f"线{number % 40}", 100 + number % 3 * 50)


def _read(folder: Path, name: str, form: Form, records: int, rounds: int) -> tuple[int, int]:
    """Records a second of one form, and nanoseconds of a core for each."""
    path = folder / "taps"
    with path.open("wb") as file:
        file.write(form.head)
        file.writelines(form.write(tap) for tap in _taps(records))
    layout: dict[Path, Any] = {}
    if form.layout:
        (folder / "form.toml").write_text(form.layout, "utf-8")
        layout[path] = read_layout(folder / "form.toml")
    return _time(name, path, layout, None, records, rounds)


def _prove(folder: Path, name: str, algorithm: str, records: int, rounds: int) -> tuple[int, int]:
    """The same of onecard-taps/1 with codes, every second one of a compound payment."""
    source, sealed, path = folder / "keys.toml", folder / "keys.sealed", folder / "taps"
    source.write_text(f'[[key]]\nissuer = "{ISSUER}"\nversion = 1\nalgorithm = "{algorithm}"\n'
                      f'key = "{"0123456789ABCDEF" * 2}"\ndiversify = ["card"]\n', "utf-8")
    sealed.write_bytes(seal_keys(source, PASSPHRASE))
    keys = open_keystore(sealed, PASSPHRASE)
    key = keys.find(ISSUER, 1, int(algorithm))
    assert key is not None
    signed = [(f"{ISSUER_PREFIX}{number * 7919 % 10**11:011}", number % 60_000 + 1, tap.time,
               f"3604866{number % 2000:05}", tap.paid) for number, tap in enumerate(_taps(records))]
    serials = b"".join(bytes.fromhex(card[-16:]) for card, *_ in signed)
    messages = b"".join(
        paid.to_bytes(4, "big") + b"\0" + bytes.fromhex(device)
        + seq.to_bytes(4, "big") + bytes.fromhex("20241125" + time_of_day)
        for _, seq, time_of_day, device, paid in signed)
    codes = keys.compute(key, np.frombuffer(serials, np.uint8).reshape(-1, 8),
                         np.frombuffer(messages, np.uint8).reshape(-1, MESSAGE_BYTES),
                         (SIMPLE, COMPOUND))
    with path.open("w") as file:
        file.write(CANONICAL.replace("paid", "paid,tac,key_version,algorithm"))
        file.writelines(
            f"{card},{seq},20241125{time_of_day},zs-bus,{device},{seq},bus,single,,B1,{paid},"
            f"{code[seq % 2]:08X},1,{algorithm}\n"
            for (card, seq, time_of_day, device, paid), code in zip(signed, codes.T, strict=True))
    return _time(name, path, {}, keys, records, rounds)


def _scan(folder: Path, records: int) -> tuple[int, int]:
    """The same of onecard-taps/1 with ride codes, once: signatures are what takes its time."""
    path, certificate = folder / "taps", make_certificate()
    with path.open("w") as file:
        file.write(CANONICAL.replace("paid", "paid,ride_code"))
        for number, tap in enumerate(_taps(records)):
            card = f"{ISSUER_PREFIX}{number:011}"
            at = datetime.datetime.strptime(f"20241125{tap.time}+0800", "%Y%m%d%H%M%S%z")
            code = make_code(certificate, card=card, shown_at=int(at.timestamp()),
                             until=RECEIVED_AT)
            file.write(f"{card},{tap.seq},20241125{tap.time},zs-bus,{tap.device},{tap.seq},bus,"
                       f"single,,B1,{tap.paid},{code.hex()}\n")
    network = load_network("demo")
    authority = RideCodeAuthority(index=5, key=compressed(AUTHORITY).hex())
    network = dataclasses.replace(network, model=msgspec.structs.replace(
        network.model, ride_code_authority=[authority]))
    return _time("ride codes", path, {}, None, records, 1, network)


def _deny(folder: Path, cards: int, records: int, rounds: int) -> dict[str, int]:
    """What it takes to ask a deny list for taps of which one in a thousand is on it."""
    random = np.random.default_rng(20241125)
    numbers = random.choice(10**11, cards, replace=False)
    path = folder / "denied.csv"
    with path.open("w") as file:
        file.write("card\n")
        file.writelines(f"{ISSUER_PREFIX}{number:011}\n" for number in numbers.tolist())
    with path.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    version = DenyList(version=1, on_validators_at=datetime.datetime(2024, 1, 1), file=path.name,
                       sha256=digest)
    began, start = memory_bytes(), time.perf_counter_ns()
    denied = read_group(folder, [(0, version)], RECEIVED_AT)
    read_ms = (time.perf_counter_ns() - start) // 10**6
    held = memory_bytes() - began
    taps = np.zeros(records, dtype=TAP)
    is_listed = random.integers(0, 1000, records) == 0
    tapped = np.where(is_listed, random.choice(numbers, records),
                      random.integers(0, 10**11, records)).astype(np.uint64)
    taps["card_hi"] = 19 << 56          # of a number below 2**64
    taps["card_lo"] = tapped + np.uint64(int(ISSUER_PREFIX) * 10**11)
    taps["kind"], taps["tapped_at"] = TapKind.SINGLE, RECEIVED_AT - 1
    codes = np.zeros(records, dtype=np.uint16)
    asked = [[_ask(denied, taps[start:start + ROWS], codes[start:start + ROWS])
              for start in range(0, records, ROWS)] for _ in range(rounds)]
    best = sum(map(min, zip(*asked, strict=True)))
    assert codes[is_listed].all()
    return {"ps_a_tap": best * 1000 // records, "bytes": held, "read_ms": read_ms}


def _ask(denied: Denied, taps: Records, codes: npt.NDArray[np.uint16]) -> int:
    """Nanoseconds of a core for taps that were decoded a moment ago, as they are in a run."""
    decoded = taps.copy()
    computed = time.process_time_ns()
    denied.check(decoded, codes)
    return time.process_time_ns() - computed


def _core_ns() -> int:
    """What this process and those that it began, and that have ended, have computed."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time_ns() + int((children.ru_utime + children.ru_stime) * 10**9)


def _time(name: str, path: Path, layout: dict[Path, Any], keys: Keystore | None, records: int,
          rounds: int, network: Network | None = None) -> tuple[int, int]:
    best, core_ns = 0, records * 10**9
    network = network or load_network("demo")
    for _ in range(rounds):
        tables = DecoderTables(number_network(network, Names()))
        start, computed = time.perf_counter_ns(), _core_ns()
        intake = read_files([path], tables, received_at=RECEIVED_AT, layout=layout, keys=keys,
                            threads=len(os.sched_getaffinity(0)))
        best = max(best, records * 10**9 // (time.perf_counter_ns() - start))
        core_ns = min(core_ns, _core_ns() - computed)
        [report] = intake.files
        assert report.accepted == records, f"{name}: {report.accepted} are accepted"
        intake.close()
    return best, core_ns // records
