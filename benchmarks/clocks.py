"""Clocks around what the engine calls: put in for as long as a benchmark lasts, by replacing names.

Every kernel that a module of the engine has imported by name gets one, whatever it is called; so a
kernel that is new needs no line here. Reading files and SHA-256 get one, too.
"""

from __future__ import annotations

import hashlib
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from enum import Enum
from io import FileIO
from types import ModuleType
from typing import Any
from unittest.mock import patch

PACKAGES = ("clearing", "settlement")
READ = "read a file"
DIGEST = "SHA-256"


class Clocks:
    """Processor time of the calling threads and number of calls, by what was called."""

    def __init__(self) -> None:
        self.ns: Counter[str] = Counter()
        self.calls: Counter[str] = Counter()

    def around(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """The same call, timed."""
        def timed(*values: Any, **named: Any) -> Any:
            start = time.thread_time_ns()
            try:
                return call(*values, **named)
            finally:
                self.ns[name] += time.thread_time_ns() - start
                self.calls[name] += 1

        return timed

    def around_methods(self, kind: type, methods: list[str], name: str = "") -> type:
        """A subclass of which these methods are timed: as `Kind.method`, or under one name."""
        return type(kind.__name__, (kind,), {
            method: self.around(name or f"{kind.__name__}.{method}", getattr(kind, method))
            for method in methods})

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Let the clocks count as long as the block lasts."""
        with ExitStack() as stack:
            for module, name, kernel in find_kernels():
                stack.enter_context(patch.object(module, name, self._timed(name, kernel)))
            for module in _engine_modules():
                if vars(module).get("FileIO") is FileIO:
                    file = self.around_methods(FileIO, ["readinto", "readall"], READ)
                    stack.enter_context(patch.object(module, "FileIO", file))
            stack.enter_context(patch.object(hashlib, "sha256", self._digest))
            yield

    def _timed(self, name: str, kernel: Any) -> Any:
        if isinstance(kernel, type):
            return self.around_methods(kernel, [
                method for method in vars(kernel) if not method.startswith("_")
                and callable(getattr(kernel, method))])
        return self.around(name, kernel)

    def _digest(self, *text: bytes, **options: Any) -> Any:
        return _TimedDigest(self, _sha256(*text, **options))


_sha256 = hashlib.sha256


class _TimedDigest:
    """The digest, whose `update` is timed."""

    def __init__(self, clocks: Clocks, digest: Any) -> None:
        self.update = clocks.around(DIGEST, digest.update)
        self.hexdigest, self.digest = digest.hexdigest, digest.digest


def find_kernels() -> Iterator[tuple[ModuleType, str, Any]]:
    """Where the engine's modules name a function or class of `ext`: module, name, kernel."""
    for module in _engine_modules():
        for name, value in list(vars(module).items()):
            if (getattr(value, "__module__", "").startswith("ext.") and callable(value)
                    and not (isinstance(value, type) and issubclass(value, Enum))):
                yield module, name, value


def _engine_modules() -> list[ModuleType]:
    return [module for name, module in sorted(sys.modules.items())
            if name.split(".")[0] in PACKAGES]
