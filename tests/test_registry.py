from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import MISSING, Field, dataclass, fields
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vrbench.alignments import Method, alignments, parse_method
from vrbench.alignments.base import Alignment
from vrbench.catalogue import registered
from vrbench.encoders import encoders
from vrbench.errors import InputError
from vrbench.normalizations import normalizations
from vrbench.registry import Registry, format_value, parameters

REGISTRIES: tuple[Registry[Any], ...] = (alignments, normalizations, encoders)
EVERY = [
    pytest.param(registry, name, cls, id=f"{registry.kind} {name}")
    for registry in REGISTRIES
    for name, cls in registry.classes().items()
]
EVERY_PARAMETER = [
    pytest.param(registry, name, cls, field, id=f"{registry.kind} {name}:{field.name}")
    for registry in REGISTRIES
    for name, cls in registry.classes().items()
    for field in parameters(cls)
]
TEXT = {"mean": "0.5/0.25/0.125", "std": "0.25/0.25/0.5"}
"""Other values of the parameters that are strings of a form of their own."""


def other_value(cls: type[Any], field: Field[Any]) -> Any:
    """A value of a parameter that is not its default; some have to be even."""
    hint, default = get_type_hints(cls)[field.name], field.default
    if get_origin(hint) is Literal:
        return next(choice for choice in get_args(hint) if choice != default)
    if hint is bool:
        return default is not True
    if hint is str:
        return TEXT.get(field.name, "other.name-1")
    return hint(2 if default is MISSING else default + 2 if hint is int else default / 2 + 0.125)


# --- every registered method, every parameter


@pytest.mark.parametrize(("registry", "name", "cls"), EVERY)
def test_the_bare_name_is_the_spec_of_the_defaults(
    registry: Registry[Any], name: str, cls: type[Any]
) -> None:
    method = registry.parse(name)
    assert type(method) is cls
    assert method == cls()
    assert registry.spec(method) == name


@pytest.mark.parametrize(("registry", "name", "cls", "field"), EVERY_PARAMETER)
def test_a_parameter_round_trips(
    registry: Registry[Any], name: str, cls: type[Any], field: Field[Any]
) -> None:
    value = other_value(cls, field)
    spec = f"{name}:{field.name}={format_value(value)}"
    method = registry.parse(spec)
    assert getattr(method, field.name) == value != field.default
    assert type(getattr(method, field.name)) is type(value)
    assert registry.spec(method) == spec
    assert registry.parse(f" {name}: {field.name} = {format_value(value)} ") == method


@pytest.mark.parametrize(("registry", "name", "cls"), EVERY)
def test_all_parameters_round_trip_in_any_order(
    registry: Registry[Any], name: str, cls: type[Any]
) -> None:
    values = {field.name: other_value(cls, field) for field in parameters(cls)}
    method = cls(**values)
    spec = registry.spec(method)
    assert registry.parse(spec) == method
    pairs = spec.removeprefix(name).removeprefix(":").split(",")
    assert len([pair for pair in pairs if pair]) == len(values)
    backwards = ",".join(reversed(pairs))
    assert registry.spec(registry.parse(f"{name}:{backwards}" if values else name)) == spec


@pytest.mark.parametrize(("registry", "name", "cls", "field"), EVERY_PARAMETER)
def test_a_default_given_is_left_out(
    registry: Registry[Any], name: str, cls: type[Any], field: Field[Any]
) -> None:
    spec = f"{name}:{field.name}={format_value(field.default)}"
    assert registry.spec(registry.parse(spec)) == name


@pytest.mark.parametrize(("registry", "name", "cls", "field"), EVERY_PARAMETER)
def test_a_mistyped_parameter_is_named_with_the_right_one(
    registry: Registry[Any], name: str, cls: type[Any], field: Field[Any]
) -> None:
    wrong = field.name + "x"
    with pytest.raises(InputError) as caught:
        registry.parse(f"{name}:{wrong}=1")
    message = str(caught.value)
    assert f"Unknown parameter '{wrong}'" in message
    assert "Did you mean" in message
    assert all(other.name in message for other in parameters(cls))


@pytest.mark.parametrize(("registry", "name", "cls"), EVERY)
def test_a_mistyped_name_is_named_with_the_right_one(
    registry: Registry[Any], name: str, cls: type[Any]
) -> None:
    with pytest.raises(InputError, match=f"Unknown {registry.kind} '{name}_'") as caught:
        registry.parse(f"{name}_")
    assert f"Did you mean '{name}'?" in str(caught.value)
    assert all(known in str(caught.value) for known in registry.classes())


@pytest.mark.parametrize(("registry", "name", "cls"), EVERY)
def test_methods_are_frozen_and_documented(
    registry: Registry[Any], name: str, cls: type[Any]
) -> None:
    method = cls()
    with pytest.raises(AttributeError):
        method.added = 1
    for field in fields(cls):
        with pytest.raises(AttributeError):
            setattr(method, field.name, getattr(method, field.name))
        assert f"{field.name}:" in (cls.__doc__ or ""), "every parameter is documented"


@pytest.mark.parametrize("registry", REGISTRIES, ids=lambda registry: registry.kind)
def test_a_name_like_nothing_gets_all_names_and_no_guess(registry: Registry[Any]) -> None:
    with pytest.raises(InputError) as caught:
        registry.parse("qqqqqqqq")
    assert "Did you mean" not in str(caught.value)
    assert str(caught.value).endswith(f"Known: {', '.join(registry.classes())}.")


def test_the_promised_names_and_defaults() -> None:
    promised = {
        "emd": "eps=0.001",
        "global": "",
        "lse": "alpha=1,length_norm=false",
        "max-avg": "",
        "max-sum": "",
        "scan": "lam=9",
        "scan-original": "lam=9,agg=mean",
        "token-mean": "",
        "transport": "reg=0.1,iterations=50,eps=0.001",
        "tokenflow": "lam=10",
        "uniform": "",
    }
    found = {entry["name"]: entry["parameters"] for entry in registered(alignments)}
    assert promised.items() <= found.items()
    norms = {entry["name"]: entry["parameters"] for entry in registered(normalizations)}
    assert norms["none"] == ""
    assert norms["ncl"].startswith("gamma=0.01,iterations=4,marginals=uniform")
    assert norms["dsl"] == "tau=0.01,log=false"


@pytest.mark.parametrize("absent", ["learnable", "xclip", "ucofia"])
def test_reserved_names_are_absent(absent: str) -> None:
    assert absent not in alignments.classes()


# --- values


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("scan:lam=high", "'lam=high' in 'scan:lam=high' must be a number."),
        ("scan:lam=nan", "'lam=nan' in 'scan:lam=nan' must be finite."),
        ("scan:lam=1e999", "'lam=1e999' in 'scan:lam=1e999' must be finite."),
        ("scan-original:agg=sum", "'agg=sum' in 'scan-original:agg=sum' must be one of mean, lse."),
        ("lse:length_norm=yes", "'length_norm=yes' in 'lse:length_norm=yes' must be true or"),
        ("scan:lam=1,lam=2", "Parameter 'lam' stands twice in 'scan:lam=1,lam=2'"),
        ("scan:lam", "Cannot read 'lam' in 'scan:lam': write key=value,key=value."),
        ("scan:lam=", "Cannot read 'lam=' in 'scan:lam='"),
        ("scan:=9", "Cannot read '=9' in 'scan:=9'"),
        ("scan:lam=9,", "Cannot read '' in 'scan:lam=9,'"),
        ("global:lam=9", "Unknown parameter 'lam' in 'global:lam=9'. Parameters: none."),
        ("", "Unknown method ''"),
        (":lam=9", "Unknown method ''"),
    ],
)
def test_a_malformed_method_is_refused(spec: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_method(spec)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("ncl:iterations=1.5", "'iterations=1.5' in 'ncl:iterations=1.5' must be a whole number."),
        ("ncl:marginals=caption", "must be one of uniform, captions."),
        ("dsl:log=1", "must be true or false."),
        ("ncl:gamma=0", "gamma must be positive"),
        ("ncl:gamma=-0.01", "gamma must be positive"),
        ("ncl:iterations=-1", "iterations must not be negative"),
        ("ncl:tol=0", "tol must be positive"),
        ("dsl:tau=0", "tau must be positive"),
        ("none:gamma=1", "Unknown parameter 'gamma' in 'none:gamma=1'. Parameters: none."),
    ],
)
def test_a_malformed_norm_is_refused(spec: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        normalizations.parse(spec)
    assert message in str(caught.value)
    assert str(caught.value).count(spec) == 1


@pytest.mark.parametrize(
    "spec",
    ["scan:lam=-1", "scan-original:lam=-1", "emd:eps=-1", "tokenflow:lam=-0.1", "lse:alpha=0"],
)
def test_a_value_out_of_range_names_value_and_spec(spec: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_method(f"0.5*global+0.5*{spec}")
    assert spec in str(caught.value)
    assert re.search(r"must (not )?be (positive|negative), it is -?[\d.]+", str(caught.value))


# --- weighted sums


@pytest.mark.parametrize(
    ("spec", "weights"),
    [
        ("0.5*global+0.5*tokenflow:lam=5", [0.5, 0.5]),
        ("global+emd", [1, 1]),
        ("-0.25*max-avg+2*scan-original:lam=4,agg=lse", [-0.25, 2]),
        ("1e-05*global+1e+20*scan:lam=1e+20", [1e-5, 1e20]),
        ("0.5*scan:lam=1e+16+0.5*global", [0.5, 0.5]),
    ],
)
def test_a_weighted_sum_round_trips(spec: str, weights: list[float]) -> None:
    method = parse_method(spec)
    assert [weight for weight, _ in method.parts] == weights
    assert method.spec == spec
    assert parse_method(method.spec) == method


@pytest.mark.parametrize(
    ("spec", "canonical"),
    [
        ("0.5*global+0.5*tokenflow:lam=10", "0.5*global+0.5*tokenflow"),
        ("1*global", "global"),
        (" 0.50 * global + 1.0*scan:lam=9.0 ", "0.5*global+scan"),
        ("scan:lam=1e+1", "scan:lam=10"),
        ("scan:lam=1e+1+0.5*emd:eps=1e-3", "scan:lam=10+0.5*emd"),
        ("2E+0*global+tokenflow:lam=2E+0", "2*global+tokenflow:lam=2"),
        ("tokenflow:lam=0", "tokenflow:lam=0"),
    ],
)
def test_a_spec_has_one_spelling(spec: str, canonical: str) -> None:
    assert parse_method(spec).spec == canonical
    assert parse_method(canonical) == parse_method(spec)


@given(
    lam=st.floats(0, 1e300, allow_nan=False),
    weight=st.floats(-1e300, 1e300, allow_nan=False),
)
@settings(derandomize=True, max_examples=200, deadline=None)
def test_every_number_round_trips(lam: float, weight: float) -> None:
    scan, tokenflow = (alignments.parse(f"{name}:lam={lam!r}") for name in ("scan", "tokenflow"))
    method = Method(((weight, scan), (-weight, tokenflow)))
    assert parse_method(method.spec) == method


@pytest.mark.parametrize("spec", ["x*global", "0.5*global+*emd", "0.5**global", "..*global", "*"])
def test_a_weight_that_is_no_number_is_refused(spec: str) -> None:
    with pytest.raises(InputError):
        parse_method(spec)


@pytest.mark.parametrize("spec", ["1e999*global", "0.5*global+-1e999*emd"])
def test_an_infinite_weight_is_refused(spec: str) -> None:
    with pytest.raises(InputError, match="finite"):
        parse_method(spec)


def test_a_sum_names_its_unknown_part() -> None:
    with pytest.raises(InputError, match=r"Unknown method 'scn'\. Did you mean 'scan'\?"):
        parse_method("0.5*global+0.5*scn:lam=3")


# --- adding methods


@pytest.fixture
def put_back() -> Iterator[None]:
    """Forget what a test registers."""
    alignments.classes()
    before = dict(alignments._classes)
    yield
    alignments._classes.clear()
    alignments._classes.update(before)


@pytest.mark.usefixtures("put_back")
def test_adding_a_class_is_all_it_takes() -> None:
    @alignments.register("added")
    @dataclass(frozen=True)
    class Added(Alignment):
        """An alignment that was added.

        Attributes:
            power: of nothing.
        """

        power: int = 2
        source = "this test"

    assert parse_method("0.5*added:power=3+global").parts[0] == (0.5, Added(3))
    assert parse_method("added:power=2").spec == "added"
    entry = next(entry for entry in registered(alignments) if entry["name"] == "added")
    assert entry == {
        "name": "added",
        "parameters": "power=2",
        "summary": "An alignment that was added.",
        "source": "this test",
    }
    with pytest.raises(InputError, match="Did you mean 'added'"):
        parse_method("aded")


OWN = """
from dataclasses import dataclass
from {package} import things

@things.register("{name}")
@dataclass(frozen=True)
class Thing:
    size: float
    left: bool = False
"""


def make_package(folder: Path, package: str) -> None:
    """A package with a registry, one method in a module of it, and one in another distribution."""
    (folder / package).mkdir()
    (folder / package / "__init__.py").write_text(
        "from vrbench.registry import Registry\n"
        f"things: Registry[object] = Registry('thing', '{package}')\n"
    )
    (folder / package / "own.py").write_text(OWN.format(package=package, name="own"))
    (folder / f"{package}_plugin.py").write_text(OWN.format(package=package, name="third-party"))
    info = folder / f"{package}_plugin-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}-plugin\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{package}]\nthird-party = {package}_plugin\n")


def test_modules_of_the_package_and_entry_points_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_package(tmp_path, "things_of_a_test")
    monkeypatch.syspath_prepend(tmp_path)
    registry: Registry[Any] = __import__("things_of_a_test").things
    assert list(registry.classes()) == ["own", "third-party"]
    thing = registry.parse("third-party:size=3,left=true")
    assert (thing.size, thing.left) == (3.0, True)
    assert registry.spec(thing) == "third-party:size=3,left=true"
    with pytest.raises(InputError, match="'own' needs a value for size"):
        registry.parse("own")


@pytest.mark.parametrize("registry", REGISTRIES, ids=lambda registry: registry.kind)
def test_the_group_of_entry_points_is_the_package(registry: Registry[Any]) -> None:
    folder = Path(__import__(registry.package, fromlist=["_"]).__file__ or "").parent
    assert registry.package.startswith("vrbench.")
    assert folder.name == registry.package.split(".")[1]
