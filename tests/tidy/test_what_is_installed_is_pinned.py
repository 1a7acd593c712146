"""Development and CI install the same files, whoever publishes what meanwhile."""

from __future__ import annotations

import re
import tomllib

import pytest

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
        one for name in ("arrow", "gtfs", "peers", "picture") for one in extras[name]))}
    missing = asked - pinned - {name_of(PROJECT["name"])}
    assert not missing, "call `make lock`"


def test_every_pin_has_digests() -> None:
    pins = re.findall(r"^[\w.-]+==[^\n]*\\\n((?:    --hash=sha256:[0-9a-f]{64}[ \\]*\n)+)", LOCK,
                      re.MULTILINE)
    assert len(pins) == len(re.findall(r"^[\w.-]+==", LOCK, re.MULTILINE)) > 30


@pytest.mark.parametrize("script", SCRIPTS)
def test_nobody_elses_rights_are_asked_for(script: str) -> None:
    assert not re.search(r"\b(sudo|doas|su -)", (ROOT / script).read_text("utf-8"))
