from __future__ import annotations

from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest

from vrbench.alignments import alignments
from vrbench.cli.catalogue import registered
from vrbench.encoders import encoders
from vrbench.errors import InputError
from vrbench.normalizations import normalizations
from vrbench.registry import Registry, format_value, parameters

REGISTRIES: tuple[Registry[Any], ...] = (alignments, normalizations, encoders)
Classes = list[tuple[str, type[Any]]]
Parameters = list[tuple[str, type[Any], Field[Any]]]


@pytest.fixture(params=REGISTRIES, ids=lambda registry: registry.kind)
def registry(request: pytest.FixtureRequest) -> Registry[Any]:
    found: Registry[Any] = request.param
    return found


@pytest.fixture
def every(registry: Registry[Any]) -> Classes:
    """Name and class of all that is registered."""
    return list(registry.classes().items())


@pytest.fixture
def every_parameter(every: Classes) -> Parameters:
    """Name, class and parameter, of all parameters."""
    return [(name, cls, field) for name, cls in every for field in parameters(cls)]


TEXT = {
    "mean": "0.5/0.25/0.125",
    "std": "0.25/0.25/0.5",
    "levels": "frame+video",
    "prompt": "a video of {}",
}
"""Other values of the parameters that are strings of a form of their own."""


def other_value(cls: type[Any], field: Field[Any]) -> Any:
    """A value of a parameter that is not its default; some have to be even."""
    hint, default = get_type_hints(cls)[field.name], field.default
    if get_origin(hint) is Literal:
        return next(choice for choice in get_args(hint) if choice != default)
    if hint is bool:
        return default is not True
    if hint is str or str in get_args(hint):
        return TEXT.get(field.name, "other.name-1")
    return hint(2 if default is MISSING else default + 2 if hint is int else default / 2 + 0.125)


def test_the_bare_name_is_the_spec_of_the_defaults(registry: Registry[Any], every: Classes) -> None:
    for name, cls in every:
        method = registry.parse(name)
        assert type(method) is cls
        assert method == cls()
        assert registry.spec(method) == name


def test_a_parameter_round_trips(registry: Registry[Any], every_parameter: Parameters) -> None:
    for name, cls, field in every_parameter:
        value = other_value(cls, field)
        spec = f"{name}:{field.name}={format_value(value)}"
        method = registry.parse(spec)
        assert getattr(method, field.name) == value != field.default
        assert type(getattr(method, field.name)) is type(value)
        assert registry.spec(method) == spec
        assert registry.parse(f" {name}: {field.name} = {format_value(value)} ") == method


def test_all_parameters_round_trip_in_any_order(registry: Registry[Any], every: Classes) -> None:
    for name, cls in every:
        values = {field.name: other_value(cls, field) for field in parameters(cls)}
        method = cls(**values)
        spec = registry.spec(method)
        assert registry.parse(spec) == method
        pairs = spec.removeprefix(name).removeprefix(":").split(",")
        assert len([pair for pair in pairs if pair]) == len(values)
        backwards = ",".join(reversed(pairs))
        assert registry.spec(registry.parse(f"{name}:{backwards}" if values else name)) == spec


def test_a_default_given_is_left_out(registry: Registry[Any], every_parameter: Parameters) -> None:
    for name, _, field in every_parameter:
        spec = f"{name}:{field.name}={format_value(field.default)}"
        assert registry.spec(registry.parse(spec)) == name


def test_a_mistyped_parameter_is_named_with_the_right_one(
    registry: Registry[Any], every_parameter: Parameters
) -> None:
    for name, cls, field in every_parameter:
        wrong = field.name + "x"
        with pytest.raises(InputError) as caught:
            registry.parse(f"{name}:{wrong}=1")
        message = str(caught.value)
        assert f"Unknown parameter '{wrong}'" in message
        assert "Did you mean" in message
        assert all(other.name in message for other in parameters(cls))


def test_a_mistyped_name_is_named_with_the_right_one(
    registry: Registry[Any], every: Classes
) -> None:
    for name, _ in every:
        with pytest.raises(InputError, match=f"Unknown {registry.kind} '{name}_'") as caught:
            registry.parse(f"{name}_")
        assert f"Did you mean '{name}'?" in str(caught.value)
        assert all(known in str(caught.value) for known in registry.classes())


def test_methods_are_frozen_and_documented(registry: Registry[Any], every: Classes) -> None:
    for _, cls in every:
        method = cls()
        with pytest.raises(AttributeError):
            method.added = 1
        for field in fields(cls):
            with pytest.raises(AttributeError):
                setattr(method, field.name, getattr(method, field.name))
            assert f"{field.name}:" in (cls.__doc__ or ""), "every parameter is documented"


def test_a_name_like_nothing_gets_all_names_and_no_guess(registry: Registry[Any]) -> None:
    with pytest.raises(InputError) as caught:
        registry.parse("qqqqqqqq")
    assert "Did you mean" not in str(caught.value)
    assert str(caught.value).endswith(f"Known: {', '.join(registry.classes())}.")


def test_the_promised_names_and_defaults() -> None:
    promised = {
        "emd": "eps=0.001,level=frame",
        "global": "",
        "lse": "alpha=1,length_norm=false,level=frame",
        "max-avg": "level=frame",
        "max-sum": "level=frame",
        "scan": "lam=9,level=frame",
        "scan-original": "lam=9,agg=mean,level=frame",
        "token-mean": "level=frame",
        "transport": "reg=0.1,iterations=50,eps=0.001,level=frame",
        "tokenflow": "lam=10,level=frame",
        "ucofia": "levels=video+frame+patch,k=3,bi=both,variant=exact",
        "uniform": "level=frame",
        "xclip": "level=frame",
    }
    found = {entry["name"]: entry["parameters"] for entry in registered(alignments.classes())}
    assert promised.items() <= found.items()
    norms = {entry["name"]: entry["parameters"] for entry in registered(normalizations.classes())}
    assert norms["none"] == ""
    assert norms["ncl"].startswith("gamma=0.01,iterations=4,marginals=uniform")
    assert norms["dsl"] == "tau=0.01,log=false"


def test_the_group_of_entry_points_is_the_package(registry: Registry[Any]) -> None:
    folder = Path(__import__(registry.package, fromlist=["_"]).__file__ or "").parent
    assert registry.package.startswith("vrbench.")
    assert folder.name == registry.package.split(".")[1]


def test_a_spec_states_what_another_one_gives() -> None:
    assert normalizations.states("ncl", "ncl")
    assert normalizations.states("ncl:gamma=0.5,iterations=9", "ncl:gamma=0.50")
    assert normalizations.states("ncl", "ncl:gamma=0.01,iterations=4")  # its defaults
    assert not normalizations.states("ncl", "ncl:gamma=0.07")
    assert not normalizations.states("nnn", "ncl")
    assert alignments.states("later:x=1", "later")  # whatever is not known here
    assert not alignments.states("later:x=1", "later:x=1")


def test_a_whole_spec_has_every_parameter_and_reads_the_same(
    registry: Registry[Any], every: Classes
) -> None:
    for _, cls in every:
        whole = registry.spec(cls(), whole=True)
        assert registry.parse(whole) == cls()
        assert whole.count("=") == len(parameters(cls))
