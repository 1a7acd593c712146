"""A folder that records what is done in it: `python -m tests.book.recorded_folder KEPT MOUNT LOG`.

MOUNT shows what is in KEPT, through the kernel's file systems in user space, until it is unmounted;
LOG gets each change in its order, pickled. disk.py makes of it what a disk would hold
had the power gone at any moment.
"""

from __future__ import annotations

import os
import pickle
import sys
import threading
from pathlib import Path
from typing import Any, BinaryIO

import mfusepy


class RecordedFolder(mfusepy.Operations):
    """Does everything to the folder beneath, and writes down what changes it."""

    use_ns = True

    def __init__(self, kept: Path, log: BinaryIO) -> None:
        self._kept, self._log = str(kept), log
        self._lock = threading.Lock()       # the record has the order in which things were done

    def _at(self, path: str) -> str:
        return self._kept + path

    def _record(self, *change: Any) -> int:
        pickle.dump(change, self._log)
        return 0

    def create(self, path: str, mode: int, fi: Any = None) -> int:
        with self._lock:
            handle = os.open(self._at(path), os.O_RDWR | os.O_CREAT, mode)
            self._record("create", path, handle)
        return handle

    def open(self, path: str, flags: int) -> int:
        with self._lock:
            # A file to be added to is written where the kernel says.
            handle = os.open(self._at(path), flags & ~(os.O_APPEND | os.O_TRUNC | os.O_WRONLY)
                             | (os.O_RDWR if flags & os.O_WRONLY else 0))
            self._record("open", path, handle)
        return handle

    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
        return os.pread(fh, size, offset)

    def write(self, path: str, data: bytes, offset: int, fh: int) -> int:
        with self._lock:
            written = os.pwrite(fh, data, offset)
            assert written == len(data)
            self._record("write", fh, offset, bytes(data))
        return written

    def truncate(self, path: str, length: int, fh: int | None = None) -> int:
        with self._lock:
            os.truncate(self._at(path), length)
            return self._record("truncate", path, length)

    def fsync(self, path: str, datasync: int, fh: int) -> int:
        with self._lock:
            return self._record("sync", fh)

    def fsyncdir(self, path: str, datasync: int, fh: int) -> int:
        with self._lock:
            return self._record("sync folder", path)

    def release(self, path: str, fh: int) -> int:
        with self._lock:        # before the number is another file's
            self._record("close", fh)
            os.close(fh)
        return 0

    def mkdir(self, path: str, mode: int) -> int:
        with self._lock:
            os.mkdir(self._at(path), mode)
            return self._record("mkdir", path)

    def rmdir(self, path: str) -> int:
        with self._lock:
            os.rmdir(self._at(path))
            return self._record("remove", path)

    def unlink(self, path: str) -> int:
        with self._lock:
            os.unlink(self._at(path))
            return self._record("remove", path)

    def rename(self, old: str, new: str) -> int:
        with self._lock:
            os.rename(self._at(old), self._at(new))
            return self._record("rename", old, new)

    def link(self, target: str, source: str) -> int:
        with self._lock:
            os.link(self._at(source), self._at(target))
            return self._record("link", source, target)

    def symlink(self, target: str, source: str) -> int:
        with self._lock:
            os.symlink(source, self._at(target))
            return self._record("symlink", source, target)

    def readlink(self, path: str) -> str:
        return os.readlink(self._at(path))

    def chmod(self, path: str, mode: int) -> int:
        os.chmod(self._at(path), mode)
        return 0

    def utimens(self, path: str, times: tuple[int, int] | None = None) -> int:
        os.utime(self._at(path), ns=times)
        return 0

    def getattr(self, path: str, fh: int | None = None) -> dict[str, Any]:
        found = os.lstat(self._at(path))
        times = {f"st_{name}time": getattr(found, f"st_{name}time_ns") for name in "acm"}
        return times | {name: getattr(found, name) for name in (
            "st_gid", "st_mode", "st_nlink", "st_size", "st_uid", "st_blocks", "st_ino")}

    def readdir(self, path: str, fh: int) -> list[str]:
        return [".", "..", *os.listdir(self._at(path))]

    def statfs(self, path: str) -> dict[str, int]:
        found = os.statvfs(self._at(path))
        return {name: getattr(found, name) for name in dir(found) if name.startswith("f_")
                and name != "f_fsid"}


def main(kept: str, mount: str, log: str) -> None:
    """Show the folder until it is unmounted."""
    with Path(log).open("wb") as file:
        mfusepy.FUSE(RecordedFolder(Path(kept), file), mount, foreground=True, direct_io=True,
                     hard_remove=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
