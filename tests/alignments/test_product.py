"""Matrix products: what they are, and that their bits do not depend on place or processor."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from processors import KINDS, digest, digest_on

from vrbench.alignments.engine import product as engine
from vrbench.alignments.engine.product import GRID, operand, ours, product, shape

CPU = torch.device("cpu")
HERE = ours(torch.float32, CPU)
needs_ours = pytest.mark.skipif(not HERE, reason="needs numba and a processor with a block")

ENGINES = [
    pytest.param(True, torch.float32, marks=needs_ours, id="ours"),
    pytest.param(False, torch.float32, id="torch"),
    pytest.param(True, torch.float64, marks=needs_ours, id="ours-double"),
    pytest.param(False, torch.float64, id="torch-double"),
]


def sides(n: int, m: int, width: int, kind: torch.dtype) -> tuple[torch.Tensor, torch.Tensor]:
    rng = np.random.default_rng(width)
    x, y = (torch.as_tensor(rng.standard_normal((k, width)), dtype=kind) for k in (n, m))
    return x, y


def multiplied(x: torch.Tensor, y: torch.Tensor, own: bool) -> torch.Tensor:
    found = product(operand(x, own=own), operand(y, columns=True, own=own))
    return found[: len(x), : len(y)]


@pytest.mark.parametrize(("own", "kind"), ENGINES)
@pytest.mark.parametrize("width", [1, 3, 127, 128, 129, 520])
@pytest.mark.parametrize(("n", "m"), [(1, 1), (9, 49), (53, 200)])
def test_products_are_dot_products(
    own: bool, kind: torch.dtype, width: int, n: int, m: int
) -> None:
    x, y = sides(n, m, width, kind)
    exact = x.double() @ y.double().mT
    bound = width * torch.finfo(kind).eps * (x.double().abs() @ y.double().abs().mT)
    assert ((multiplied(x, y, own).double() - exact).abs() <= bound + 1e-300).all()


@pytest.mark.parametrize(("own", "kind"), ENGINES)
@pytest.mark.parametrize("width", [3, 520, 1100])
def test_a_dot_product_has_the_same_bits_wherever_it_stands(
    own: bool, kind: torch.dtype, width: int
) -> None:
    x, y = sides(21 * GRID, 24 * GRID, width, kind)
    whole = multiplied(x, y, own)
    for i in range(0, len(x), 5 * GRID):
        for n in (GRID, 5 * GRID, len(y)):
            part = multiplied(x[i : i + GRID], y[len(y) - n :], own)
            assert torch.equal(part, whole[i : i + GRID, len(y) - n :])
    if own:  # at any place, not on the grid alone
        assert torch.equal(multiplied(x[5:6], y[77:80], own), whole[5:6, 77:80])
        assert torch.equal(multiplied(y[3:100], x[50:61], own).mT, whole[50:61, 3:100])


@needs_ours
@pytest.mark.parametrize("width", [1, 100, 128, 300])
def test_the_kernel_adds_128_terms_at_a_time_each_with_one_rounding(width: int) -> None:
    x, y = sides(10, 7, width, torch.float32)
    whole = np.full((10, 7), -0.0, np.float32)  # what adds nothing
    for first in range(0, width, 128):
        part = np.zeros((10, 7), np.float32)
        for k in range(first, min(first + 128, width)):
            terms = x[:, k].double().numpy()[:, None] * y[:, k].double().numpy()  # exact
            part = (part + terms).astype(np.float32)
        whole = whole + part
    assert np.array_equal(multiplied(x, y, True).numpy(), whole)


def some_products() -> str:
    """Digest of products of several widths, as they come out in this process."""
    widths = (3, 64, 520)
    kinds = (torch.float32, torch.float64)
    return digest(
        *(multiplied(*sides(57, 101, d, kind), True).numpy() for d in widths for kind in kinds)
    )


@needs_ours
@pytest.mark.parametrize("kind", KINDS)
def test_another_kind_of_processor_makes_the_same_bits(kind: str) -> None:
    assert digest_on(kind, __file__, "some_products") == some_products()


def test_which_processors_have_a_block() -> None:
    pytest.importorskip("numba")
    from vrbench.alignments.engine.microkernel import unit
    from vrbench.runtime.vectors import multiplies_and_adds

    intel = "x86_64-unknown-linux-gnu"
    avx2 = {"+sse2", "+avx", "+avx2", "+fma"}
    assert unit(intel, frozenset({*avx2, "+avx512f"})) == (8, 48 * 4)
    assert unit(intel, frozenset({*avx2, "-avx512f"})) == (4, 24 * 4)
    assert unit("arm64-apple-darwin24", frozenset({"+neon"})) == (8, 12 * 4)
    assert multiplies_and_adds(intel, frozenset(avx2))
    assert not multiplies_and_adds(intel, frozenset({"+sse2", "+avx", "-fma"}))
    assert multiplies_and_adds("arm64-apple-darwin24", frozenset({"+neon"}))


@needs_ours
def test_a_processor_without_the_instructions_leaves_products_to_torch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert ours(torch.float64, CPU)
    assert not ours(torch.float16, CPU)
    assert not ours(torch.float32, torch.device("cuda"))
    monkeypatch.setattr(engine, "vectorized", lambda: False)
    assert not ours(torch.float32, CPU)


@pytest.mark.parametrize("own", [pytest.param(True, marks=needs_ours), False])
def test_a_product_is_written_where_it_is_told(own: bool) -> None:
    x, y = sides(10, 20, 64, torch.float32)
    left, right = operand(x, own=own), operand(y, columns=True, own=own)
    out = torch.full(shape(left, right), torch.nan)
    found = product(left, right, out)
    assert found.data_ptr() == out.data_ptr()
    assert torch.equal(out[:10, :20], multiplied(x, y, own))
    assert out.isfinite().all()


def extremes() -> Iterator[tuple[float, float, float]]:
    yield np.inf, 1.0, np.inf
    yield np.nan, 1.0, np.nan
    yield 3e38, 3e38, np.inf
    yield 1e-30, 1e-30, 0.0


@pytest.mark.parametrize("own", [pytest.param(True, marks=needs_ours), False])
@pytest.mark.parametrize(("a", "b", "expected"), list(extremes()))
def test_what_float32_cannot_hold(own: bool, a: float, b: float, expected: float) -> None:
    found = multiplied(torch.tensor([[a]]), torch.tensor([[b]]), own)
    assert np.array_equal(found.numpy(), np.array([[expected]], np.float32), equal_nan=True)
