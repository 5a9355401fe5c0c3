"""The skew-symmetric matrix ``A = P - 1/2`` of a preference game, stored or computed from factors.

A game of low rank, or one whose probabilities are a logistic curve of something of low rank, is known by ``N × r``
factors: products with a policy and single columns are computed from them, N × N numbers are never stored.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from fractions import Fraction
from operator import mul
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

Array = NDArray[np.float64]
Indices = NDArray[np.intp]

BLOCK = 1 << 21  # numbers computed at a time, 16 MiB
MOST = 10**10  # logistic functions in a product, a minute or two


class GameTooLarge(ValueError):
    """The work would not fit in memory; the message says how much it would need."""


def require_memory(numbers: float, what: str) -> None:
    """Raises ``GameTooLarge`` if so many float64 take more than half of the machine's memory."""
    needed, limit = 8 * numbers, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2
    if needed > limit:
        raise GameTooLarge(
            f"{what} would take {needed / 2**30:,.1f} GiB, more than half of this machine's memory "
            f"({limit / 2**30:,.1f} GiB)"
        )


@dataclass(frozen=True, slots=True, eq=False)
class Dense:
    """A as it is: ``(N, N)``, exactly skew-symmetric, read-only."""

    matrix: Array

    @property
    def size(self) -> int:
        """N."""
        return len(self.matrix)

    def times(self, policy: Array) -> Array:
        """``A π``."""
        return np.asarray(self.matrix @ policy)

    def columns(self, actions: Indices) -> Array:
        """``A[:, actions]``."""
        return np.asarray(-self.matrix[actions].T)  # rows lie together in memory

    def dense(self) -> Array:
        """A, as an array of shape ``(N, N)``."""
        return self.matrix


@dataclass(frozen=True, slots=True, eq=False)
class Factored:
    """``A[i, j] = f(u_i · S · u_j)``: factors u of shape ``(N, r)``, S skew-symmetric of shape ``(r, r)``.

    link: f(x) = x ("identity"), or ``σ(x) - 1/2`` ("logistic"), which is odd, so that A is skew-symmetric, too.
    """

    factors: Array
    skew: Array
    link: Literal["identity", "logistic"]

    @property
    def size(self) -> int:
        """N."""
        return len(self.factors)

    def times(self, policy: Array) -> Array:
        """``A π``: O(N r) for the identity; for the logistic link O(N r) for each action of positive probability."""
        if self.link == "identity":
            return np.asarray(self.factors @ (self.skew @ (self.factors.T @ policy)))
        support = np.flatnonzero(policy)
        if len(support) * self.size > MOST:
            raise GameTooLarge(
                f"a product of {self.size:,} actions with a policy that plays {len(support):,} of them would take "
                f"{len(support) * self.size:,} logistic functions; a double oracle needs few"
            )
        total = np.zeros(self.size)
        width = max(1, BLOCK // self.size)
        for start in range(0, len(support), width):
            chosen = support[start : start + width]
            total += self.columns(chosen) @ policy[chosen]
        return total

    def columns(self, actions: Indices) -> Array:
        """``A[:, actions]``."""
        products = self.factors @ (self.skew @ self.factors[actions].T)
        return np.asarray(products if self.link == "identity" else expit(products) - 0.5)

    def dense(self) -> Array:
        """A, as an array of shape ``(N, N)``; raises ``GameTooLarge`` if it would not fit."""
        require_memory(3 * self.size**2, f"the matrix of {self.size:,} × {self.size:,} preferences")
        matrix = self.columns(np.arange(self.size))
        return np.asarray((matrix - matrix.T) / 2)


Payoffs = Dense | Factored


def exact_products(payoffs: Factored) -> tuple[tuple[Fraction, ...], ...]:
    """``U S Uᵀ`` for the identity link: rounded products have neither the rank of the factors nor their ties."""
    u, of_factors = _whole(payoffs.factors)
    S, of_skew = _whole(payoffs.skew)
    gains = [[sum(map(mul, row, x)) for row in S] for x in u]  # S x
    unit = of_factors**2 * of_skew
    rows = [[Fraction(0)] * len(u) for _ in u]
    for i, x in enumerate(u):
        for j in range(i):
            rows[i][j] = Fraction(sum(map(mul, x, gains[j])), unit)
            rows[j][i] = -rows[i][j]
    return tuple(map(tuple, rows))


def _whole(array: Array) -> tuple[list[list[int]], int]:
    """An array of floats times a power of two that makes them whole, and that."""
    ratios = [[x.as_integer_ratio() for x in row] for row in array.tolist()]
    unit = max(d for row in ratios for _, d in row)
    return [[n * (unit // d) for n, d in row] for row in ratios], unit
