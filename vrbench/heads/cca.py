"""Regularized canonical correlation analysis, in closed form and float64."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vrbench.heads.projection import Affine

Float = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Moments:
    """Sums over pairs (x, y); the moments of two sets of pairs add up.

    Attributes:
        n: number of pairs.
        x: (dx,) sum of x.
        y: (dy,) sum of y.
        xx: (dx, dx) sum of x x^T.
        xy: (dx, dy) sum of x y^T.
        yy: (dy, dy) sum of y y^T.
    """

    n: float
    x: Float
    y: Float
    xx: Float
    xy: Float
    yy: Float

    @classmethod
    def of(cls, x: Float, y: Float, owner: NDArray[np.int64]) -> Moments:
        """Moments of the pairs ``(x[owner[i]], y[i])``: x (n, dx), y (m, dy), owner (m,)."""
        counts = np.bincount(owner, minlength=len(x)).astype(np.float64)
        sums = np.zeros((len(x), y.shape[1]))
        np.add.at(sums, owner, y)
        weighted = x * counts[:, None]
        return cls(len(y), weighted.sum(0), y.sum(0), weighted.T @ x, x.T @ sums, y.T @ y)

    def __add__(self, other: Moments) -> Moments:
        pairs = zip(vars(self).values(), vars(other).values(), strict=True)
        return Moments(*(a + b for a, b in pairs))


@dataclass(frozen=True, eq=False)
class Canonical:
    """Canonical directions, strongest first.

    Attributes:
        x: map of standardized x onto all r = min(dx, dy) directions.
        y: likewise for y.
        strength: (r,) regularized canonical correlations, from 1 down to 0.
    """

    x: Affine
    y: Affine
    strength: Float

    def maps(self, width: int, power: float) -> tuple[Affine, Affine]:
        """Keep ``width`` directions, each multiplied by ``strength ** power`` on both sides."""
        weight = self.strength[:width] ** power
        x, y = (
            Affine(side.matrix[:, :width] * weight, side.offset[:width] * weight)
            for side in (self.x, self.y)
        )
        return x, y


def canonical(moments: Moments, reg: float) -> Canonical:
    """Solve regularized CCA.

    With standardized x and y, ``K = Cxx^-1/2 Cxy Cyy^-1/2 = U S V^T`` where ``Cxx`` and ``Cyy``
    are the correlation matrices plus ``reg`` times the identity; x goes to ``Cxx^-1/2 U``, y to
    ``Cyy^-1/2 V``.

    Source: Hotelling 1936, with the ridge of Vinod, J. Econometrics 4, 1976. The sign of each
    direction, which CCA leaves open, makes the largest entry of x's map positive.

    Args:
        moments: of the pairs; a coordinate that never varies is ignored.
        reg: > 0, in units of the variance of a standardized coordinate.
    """
    mx, my = moments.x / moments.n, moments.y / moments.n
    cxx = moments.xx / moments.n - np.outer(mx, mx)
    cyy = moments.yy / moments.n - np.outer(my, my)
    cxy = moments.xy / moments.n - np.outer(mx, my)
    sx, sy = _inverse_deviation(cxx), _inverse_deviation(cyy)
    wx = _inverse_root(sx[:, None] * cxx * sx, reg)
    wy = _inverse_root(sy[:, None] * cyy * sy, reg)
    u, strength, vt = np.linalg.svd(wx @ (sx[:, None] * cxy * sy) @ wy, full_matrices=False)
    x, y = wx @ u, wy @ vt.T
    largest = np.abs(x).argmax(axis=0)
    sign = np.sign(x[largest, np.arange(x.shape[1])])
    x, y = sx[:, None] * x * sign, sy[:, None] * y * sign
    return Canonical(Affine(x, -mx @ x), Affine(y, -my @ y), strength)


def _inverse_deviation(covariance: Float) -> Float:
    """1 / standard deviation of each coordinate; 0 where it does not vary."""
    deviation = np.sqrt(np.maximum(np.diag(covariance), 0))
    varies = deviation > 1e-9 * deviation.max(initial=0)
    return np.divide(1, deviation, out=np.zeros_like(deviation), where=varies)


def _inverse_root(correlation: Float, reg: float) -> Float:
    values, vectors = np.linalg.eigh(correlation)
    root: Float = (vectors / np.sqrt(np.maximum(values, 0) + reg)) @ vectors.T
    return root
