"""What a solver of a game returns: a policy, its gap as THE JUDGE sees it, and how it got there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solvers.games.payoffs import Array


@dataclass(frozen=True, slots=True, eq=False)
class Equilibrium:
    """A policy and its certified gap.

    policy: (N,) float64, in the order of the game's rows; for a method that has both it is the last iterate or the
    average, whichever its guarantee is about, and `last` and `average` are told apart.
    gap: of `policy`, recomputed from it by :func:`solvers.exploitability` (regularised if `tau` is not 0).
    converged: gap <= tolerance. If not, `reason` says what stopped the run, and the policy is no answer, only the
    newest that was judged. iterations: as the method counts them. history: the gap after each iteration (NaN where the
    method did not look), of what `policy` is; averages' gaps are in `average_history`. average: ``None`` without one.
    """

    policy: Array
    gap: float
    converged: bool
    iterations: int
    method: str
    tolerance: float
    history: Array
    tau: float = 0.0
    reference: Array | None = None
    reason: str = ""
    last: Array | None = None
    last_gap: float = np.nan
    average: Array | None = None
    average_gap: float = np.nan
    average_history: Array | None = None

    def __repr__(self) -> str:
        state = "converged" if self.converged else f"NOT CONVERGED ({self.reason})"
        which = "gap" if not self.tau else f"regularised gap (τ = {self.tau:g})"
        return (
            f"Equilibrium({self.method}: {state}, {which} {self.gap:.2e}, tolerance {self.tolerance:.0e}, "
            f"{self.iterations} iterations, {int((self.policy > 0).sum())} of {len(self.policy)} actions)"
        )
