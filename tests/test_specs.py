from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vrbench.alignments import Method, alignments, parse_method
from vrbench.errors import InputError
from vrbench.heads import parse_head
from vrbench.losses import parse_loss
from vrbench.normalizations import normalizations

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


@pytest.mark.parametrize("alpha", ["1e-31", "1e31"])
def test_a_softness_that_float32_does_not_hold_is_refused(alpha: str) -> None:
    with pytest.raises(InputError, match=r"alpha must lie between 1e-30 and 1e\+30, it is 1e"):
        parse_method(f"lse:alpha={alpha}")


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


@pytest.mark.parametrize("parse", [parse_method, parse_loss, parse_head])
@pytest.mark.parametrize(
    ("spec", "where"),
    [
        ("a+", "after 'a+' in"),
        ("a+0.1*", "after 'a+0.1*' in"),
        ("0.5* ", "after '0.5*' in"),
        ("a:k=1e+3++b", "after 'a:k=1e+3+' in"),
        ("+a", "at the start of"),
    ],
)
def test_a_term_that_is_missing_is_said(
    parse: Callable[[str], object], spec: str, where: str
) -> None:
    with pytest.raises(InputError) as caught:
        parse(spec)
    assert str(caught.value) == f"A term is missing {where} '{spec}': name one there."


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
