"""What a solver of a convex–concave game returns: both policies, and the certified gap of the pair."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solvers.games.payoffs import Array


@dataclass(frozen=True, slots=True, eq=False)
class SaddlePoint:
    """Policies x (n,) and y (m,), with ``lower <= value of the game <= upper`` and ``gap = upper - lower``.

    gap: recomputed from x and y by :func:`solvers.games.duality_gap`. value: F(x, y). converged: gap <= tolerance; if
    not, `reason` says what stopped the run, and the policies are no answer, only the best so far. x and y are the last
    iterate or the average, whichever has the smaller gap; both are told apart. history, average_history: the gap after
    each iteration (NaN where it was not judged). violation: by how much at most a policy misses a constraint.
    """

    x: Array
    y: Array
    value: float
    gap: float
    lower: float
    upper: float
    converged: bool
    iterations: int
    method: str
    tolerance: float
    history: Array
    average_history: Array | None = None
    reason: str = ""
    violation: float = 0.0
    last: tuple[Array, Array] | None = None
    last_gap: float = np.nan
    average: tuple[Array, Array] | None = None
    average_gap: float = np.nan

    @property
    def policy(self) -> Array:
        """x: the first player's policy; both players' in a symmetric game."""
        return self.x

    def __repr__(self) -> str:
        state = "converged" if self.converged else f"NOT CONVERGED ({self.reason})"
        return (
            f"SaddlePoint({self.method}: {state}, gap {self.gap:.2e}, tolerance {self.tolerance:.0e}, "
            f"value {self.value:.6g}, {self.iterations} iterations)"
        )
