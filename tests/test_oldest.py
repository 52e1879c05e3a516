"""constraints-oldest.txt has the lower bounds of pyproject.toml, no more and no less."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
TRIED_LATER = {"torch"}
"""Whose lower bound cannot be installed for CPUs: a later version is tried."""


def lower_bounds() -> dict[str, Version]:
    """Lower bound of each package that ``.[all]`` installs."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    (everything,) = extras["all"]
    wanted = [Requirement(line) for line in project["dependencies"]]
    for extra in Requirement(everything).extras:
        wanted += map(Requirement, extras[extra])
    return {canonicalize_name(one.name): _lowest(one) for one in wanted}


def _lowest(wanted: Requirement) -> Version:
    (version,) = (part.version for part in wanted.specifier if part.operator == ">=")
    return Version(version)


def pinned(file: str) -> dict[str, Version]:
    """Version of each package in a file of constraints."""
    lines = (ROOT / file).read_text("utf-8").splitlines()
    pins = [line.split("==") for line in lines if line and not line.startswith("#")]
    assert all(len(pin) == 2 for pin in pins)
    assert len({canonicalize_name(name) for name, _ in pins}) == len(pins), "a package twice"
    return {canonicalize_name(name): Version(version) for name, version in pins}


BOUNDS = lower_bounds()


@pytest.mark.parametrize("name", sorted(BOUNDS))
def test_what_is_tried_is_what_is_allowed(name: str) -> None:
    oldest = pinned("constraints-oldest.txt")[name]
    if name in TRIED_LATER:
        assert oldest > BOUNDS[name]
    else:
        assert oldest == BOUNDS[name]
    assert pinned("constraints.txt")[name] >= oldest
