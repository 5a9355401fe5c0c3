"""The exact simplex method for a symmetric game: slow, but it needs no guess and ends with certainty.

With a constant c above all entries of |A| the game ``A + c`` has positive entries and value c, so that

    maximise 1·x  subject to  (A + c) x <= 1,  x >= 0

starts feasibly at x = 0, ends at ``1·x = 1/c``, and its optima are ``x = p/c`` with slacks ``w = -A x``. The tableau
holds whole numbers over one denominator, its last pivot, by which each update divides without remainder (Edmonds
1967; Bareiss 1968). The column of the most negative cost enters, and after a degenerate step Bland's (1977), so that it
ends.

Some equilibrium has ``x_i > 0`` or ``w_i > 0`` for each i (Tucker 1956; Goldman and Tucker 1956): on the optimal face
``Σ (x_i + w_i)`` over the i where both were zero so far is maximised, until there are none left. The mean of the
vertices that were found is strictly complementary: it lies in the relative interior of the set of equilibria.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np


def strictly_complementary(rows: Sequence[Sequence[int]], units: Sequence[int]) -> list[Fraction]:
    """An equilibrium p with ``p_i > 0`` or ``(A p)_i < 0`` for each i; rows: ``units[i] · A[i]``, in whole numbers."""
    size = len(rows)
    tableau = _Tableau(rows, units)
    tableau.maximise()
    tableau.restrict()
    total = tableau.point()
    found = 1
    while True:
        zero = [i for i in range(size) if not total[i] and not total[size + i]]
        if not zero:
            break
        tableau.aim({*zero, *(size + i for i in zero)})
        tableau.maximise()
        total = [a + b for a, b in zip(total, tableau.point(), strict=True)]
        found += 1
    mass = sum(total[:size])
    return [x / mass for x in total[:size]]


class _Tableau:
    """``D x_B = rhs - T x_N`` in whole numbers, the objective as the last row. Variables: x_0, …, then w_0, …"""

    def __init__(self, rows: Sequence[Sequence[int]], units: Sequence[int]) -> None:
        size = len(rows)
        above = 1 + max(max(map(abs, row)) // unit for row, unit in zip(rows, units, strict=True))
        T = np.zeros((size + 1, size + 1), dtype=object)
        for i, (row, unit) in enumerate(zip(rows, units, strict=True)):
            T[i, :size] = [a + above * unit for a in row]
            T[i, size] = unit
        T[size, :size] = -1
        self.T = T
        self.unit = 1  # D
        self.free = list(range(size))  # the variables of the columns
        self.basic = list(range(size, 2 * size))  # the variables of the rows
        self.scales = (*([1] * size), *units)  # w_i is held units[i] times

    def maximise(self) -> None:
        """Pivots to an optimum of the objective."""
        degenerate = False
        while True:
            costs = self.T[-1, :-1]
            entering = [j for j in range(len(self.free)) if costs[j] < 0]
            if not entering:
                return
            s = min(entering, key=self.free.__getitem__) if degenerate else min(entering, key=costs.__getitem__)
            # Positive entries exist, as the program is bounded; of equal ratios the least variable leaves (Bland).
            ratios = [
                (Fraction(self.T[i, -1], self.T[i, s]), self.basic[i], i)
                for i in range(len(self.basic))
                if self.T[i, s] > 0
            ]
            r = min(ratios)[2]
            degenerate = not self.T[r, -1]
            self._pivot(r, s)

    def _pivot(self, r: int, s: int) -> None:
        column, row, pivot = self.T[:, s].copy(), self.T[r].copy(), self.T[r, s]
        self.T = (self.T * pivot - np.outer(column, row)) // self.unit
        self.T[r] = row
        self.T[:, s] = -column
        self.T[r, s] = self.unit
        self.unit = pivot
        self.basic[r], self.free[s] = self.free[s], self.basic[r]

    def restrict(self) -> None:
        """Leaves out the columns that are zero at every optimum: those of positive reduced cost."""
        keep = [j for j in range(len(self.free)) if not self.T[-1, j]]
        self.T = self.T[:, [*keep, len(self.free)]]
        self.free = [self.free[j] for j in keep]

    def aim(self, chosen: set[int]) -> None:
        """Another objective: the sum of these variables."""
        self.T[-1] = 0
        for i, variable in enumerate(self.basic):
            if variable in chosen:
                self.T[-1] += self.T[i]
        for j, variable in enumerate(self.free):
            if variable in chosen:
                self.T[-1, j] -= self.unit

    def point(self) -> list[Fraction]:
        """The values of all variables at this vertex."""
        values = [Fraction(0)] * len(self.scales)
        for i, variable in enumerate(self.basic):
            values[variable] = Fraction(self.T[i, -1], self.unit * self.scales[variable])
        return values
