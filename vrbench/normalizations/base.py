"""The interface of normalizations: the bank, the fitted transform, the base class."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from vrbench.errors import InputError
from vrbench.sims.sim import Direction, Rows, is_finite

Transform = Callable[[NDArray[Any]], NDArray[Any]]
"""Maps a block of test queries (rows, gallery) to the normalized block, in float64: float32 would
round different scores to the same value, and its range does not hold a softmax."""


@dataclass(frozen=True, eq=False)
class Bank:
    """Similarities of bank queries and the gallery, and the number of texts of each.

    Attributes:
        rows: (n_bank, gallery) similarities, read as often as needed, block by block.
        query_weight: (n_bank,) texts of each bank query (1 where queries are texts).
        gallery_weight: (gallery,) texts of each gallery item.
        direction: ``v2t`` where queries are videos; a norm asks only where its paper treats the
            directions differently.
        inner: (n_bank, bank gallery) the same queries against the bank's own gallery; None where
            that is not known.
    """

    rows: Rows
    query_weight: NDArray[np.float64]
    gallery_weight: NDArray[np.float64]
    direction: Direction = "t2v"
    inner: Rows | None = None


@dataclass(frozen=True, eq=False)
class Fitted:
    """A normalization that has seen its bank.

    Attributes:
        transform: maps blocks of test similarities.
        info: numbers worth reporting, such as the residual of an iteration.
        beyond: the same with the queries' similarities to the bank's gallery, (rows, bank gallery),
            as a second argument; for a norm that reads them.
    """

    transform: Transform
    info: dict[str, float] = field(default_factory=dict)
    beyond: Callable[[NDArray[Any], NDArray[Any]], NDArray[Any]] | None = None


class Normalization(ABC):
    """A frozen dataclass that is fitted on bank queries and applied to test queries.

    It sees one direction at a time, a query in each row; v2t is the same function on the
    transposed matrices.
    """

    source: ClassVar[str] = ""
    """Paper and equation, for listings."""

    needs: ClassVar[str] = "a bank"
    """What it reads besides the similarity that it changes, for listings."""

    needs_bank: ClassVar[bool] = True
    """False for ``none`` alone, which leaves similarities as they are and is never fitted."""

    by_level: ClassVar[bool] = False
    """Whether each alignment level is normalized and the results averaged (else: the mean is)."""

    reads_inner: ClassVar[bool] = False
    """Whether it reads the bank's queries against the bank's own gallery, where they are known."""

    reads_beyond: ClassVar[bool] = False
    """Whether it reads the test queries against the bank's gallery, where they are known."""

    transductive: ClassVar[bool] = False
    """Whether it is defined on the test queries themselves, and takes them as bank by default."""

    tunable: ClassVar[tuple[tuple[str, tuple[float, ...]], ...]] = ()
    """Parameters that the sources leave to the user, with the values that ``tune`` tries."""

    def __init_subclass__(cls) -> None:
        """Refuse a normalization that would never be applied.

        Raises:
            InputError: it sets ``needs_bank`` to False, and is not ``none``.
        """
        super().__init_subclass__()
        if not cls.needs_bank and cls.__module__ != "vrbench.normalizations.none":
            raise InputError(
                f"The normalization {cls.__name__} sets needs_bank to False, as 'none' does, and "
                "would never be applied: leave it out; transductive = True takes the test queries."
            )

    @property
    def gamma(self) -> float:
        """Temperature at which the normalization error is taken."""
        return 0.01

    @property
    def keeps_scale(self) -> bool:
        """Whether the result stays on the scale of the input (else it has another scale)."""
        return True

    @property
    def counts_captions(self) -> bool:
        """Whether it reads how many captions the test videos have: transductive with any bank."""
        return False

    @abstractmethod
    def fit(self, bank: Bank) -> Fitted:
        """Learn from the bank.

        Raises:
            FloatingPointError: numbers leave the range of float64.
        """

    def fitted(self, bank: Bank) -> Fitted:
        """Learn from the bank; the transform returned never returns NaN or infinity.

        Overflows on the way are no error: most become a softmax's zeros, as they should.

        Raises:
            InputError: parameters or similarities are so extreme that numbers leave the range of
                float64; the transform raises it likewise.
        """
        with _silent():
            try:
                found = self.fit(bank)
            except FloatingPointError as error:
                raise self._out_of_range() from error

        def checked(act: Callable[..., NDArray[Any]]) -> Callable[..., NDArray[Any]]:
            def transform(*blocks: NDArray[Any]) -> NDArray[Any]:
                with _silent():
                    out = act(*blocks)
                if not is_finite(out):
                    raise self._out_of_range()
                return out

            return transform

        beyond = None if found.beyond is None else checked(found.beyond)
        return Fitted(checked(found.transform), found.info, beyond)

    def _out_of_range(self) -> InputError:
        from vrbench.normalizations import normalizations

        return InputError(
            f"The norm '{normalizations.spec(self)}' leaves the range of numbers on these "
            "similarities: give it less extreme parameters, or scale the similarities."
        )


def _silent() -> Any:
    return np.errstate(over="ignore", invalid="ignore", divide="ignore")


def exponential(exponents: NDArray[np.float64], remedy: str) -> NDArray[np.float64]:
    """``exp``, with an error that names a remedy where it overflows.

    Raises:
        InputError: a query lies so far above the bank that its score is infinite.
    """
    with np.errstate(over="ignore"):
        result = np.exp(exponents)
    if not np.isfinite(result).all():
        raise InputError(
            f"A similarity lies so far above the bank's that its score overflows: {remedy}."
        )
    return np.asarray(result)


def column_logsumexp(blocks: Iterator[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Log of the column sums of ``exp`` over blocks of rows, in float64 and without overflow."""
    top, value = np.full(1, -np.inf), np.zeros(1)
    for block in blocks:
        new_top = np.maximum(top, block.max(axis=0))
        with np.errstate(invalid="ignore"):  # -inf - -inf before the first block
            old = np.where(np.isfinite(top), value * np.exp(top - new_top), 0)
        value = old + np.exp(block - new_top).sum(axis=0)
        top = new_top
    return np.asarray(top + np.log(value))


def transformed(
    fitted: Fitted, matrix: NDArray[Any], beyond: Rows | None, queries: NDArray[np.int64]
) -> NDArray[Any]:
    """Normalize all rows; where one that is no query cannot be, only the queries, others stay raw.

    Args:
        fitted: the norm.
        matrix: (items, gallery).
        beyond: the items against the bank's gallery, where the norm reads it.
        queries: the rows that are asked: videos without a text are not.
    """
    rows = Rows(matrix)

    def scored(asked: NDArray[np.bool_]) -> NDArray[Any]:
        out = np.empty(matrix.shape)
        for part in rows.slices():
            block, of = rows.block(part), slice(None) if asked[part].all() else asked[part]
            out[part] = block
            if fitted.beyond is None or beyond is None:
                out[part][of] = fitted.transform(block[of])
            else:
                out[part][of] = fitted.beyond(block[of], beyond.block(part)[of])
        return out

    try:
        return scored(np.ones(len(matrix), bool))
    except InputError:
        if len(queries) == len(matrix):
            raise
    return scored(np.isin(np.arange(len(matrix)), queries))
