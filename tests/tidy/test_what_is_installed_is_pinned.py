"""Development and CI install the same files, whoever publishes what meanwhile."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.tidy.source import ROOT

LOCK = (ROOT / "requirements.lock").read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
SCRIPTS = ["Makefile", *(f"tests/{path.name}" for path in (ROOT / "tests").glob("*.sh"))]


def name_of(requirement: str) -> str:
    found = re.match(r"[\w.-]+", requirement)
    assert found is not None
    return re.sub(r"[-_.]+", "-", found[0]).lower()


def test_every_package_is_in_the_lock() -> None:
    pinned = set(re.findall(r"^([\w.-]+)==", LOCK, re.MULTILINE))
    extras = PROJECT["optional-dependencies"]
    asked = {name_of(one) for one in (*PROJECT["dependencies"], *extras["test"], *(
        one for name in ("arrow", "gtfs", "peers", "picture", "pkcs11", "ride-codes")
        for one in extras[name]))}
    missing = asked - pinned - {name_of(PROJECT["name"])}
    assert not missing, "call `make lock`"


def test_every_pin_has_digests() -> None:
    pins = re.findall(r"^[\w.-]+==[^\n]*\\\n((?:    --hash=sha256:[0-9a-f]{64}[ \\]*\n)+)", LOCK,
                      re.MULTILINE)
    assert len(pins) == len(re.findall(r"^[\w.-]+==", LOCK, re.MULTILINE)) > 30


def installed(name: str, found: dict[str, Distribution]) -> dict[str, Distribution]:
    """A package with all that it wants, as `make sbom` lists it."""
    if name_of(name) not in found:
        found[name_of(name)] = distribution(name)
        for wanted in map(Requirement, found[name_of(name)].requires or ()):
            if wanted.marker is None or wanted.marker.evaluate({"extra": ""}):
                installed(wanted.name, found)
    return found


def test_every_package_says_its_licence_and_its_digest() -> None:
    """What is there at run time: else `licences.txt` would have a line that says UNKNOWN."""
    found = installed(PROJECT["name"], {})
    assert len(found) > len(PROJECT["dependencies"])
    for name, one in found.items():
        said = one.metadata
        assert (said.get_all("License-Expression") or said.get_all("License") or any(
            line.startswith("License ::") for line in said.get_all("Classifier", []))), name
        assert name == name_of(PROJECT["name"]) or re.search(
            rf"^{re.escape(name)}==", LOCK, re.MULTILINE), name


@pytest.mark.parametrize("script", SCRIPTS)
def test_nobody_elses_rights_are_asked_for(script: str) -> None:
    assert not re.search(r"\b(sudo|doas|su -)", (ROOT / script).read_text("utf-8"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only an administrator installs it")
def test_the_test_server_is_no_service(tmp_path: Path) -> None:
    """Whatever the package does when it is installed: it may start nothing, now or later."""
    said = tmp_path / "said"
    policy = "/usr/sbin/policy-rc.d"
    calls = f'echo "${{0##*/}} $*" >>{said}'
    for name, does in {
            "id": "echo 0", "update-rc.d": calls, "systemctl": calls,
            "apt-get": f"sh {policy} clickhouse-server start; "
            f'echo "apt-get $1, a start is answered by $?" >>{said}'}.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{does}\n", "utf-8")
        (tmp_path / name).chmod(0o755)
    for name in ("sh", "rm", "chmod"):
        (tmp_path / name).symlink_to(shutil.which(name) or name)
    before = Path(policy).exists()
    subprocess.run(["sh", ROOT / "tests" / "install_packages.sh"], check=True,
                   env={"PATH": str(tmp_path)})
    assert said.read_text("utf-8").splitlines() == [
        "apt-get update, a start is answered by 101", "apt-get install, a start is answered by 101",
        "update-rc.d clickhouse-server disable", "systemctl disable clickhouse-server"]
    assert Path(policy).exists() == before
