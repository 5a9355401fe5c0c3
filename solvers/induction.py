"""Backward induction by comparisons only (T2).

At each history, last ones first, keep the best action so far and compare it with the next: ``|A| - 1`` comparisons.
If ≼ is a total consistent pre-order, the policy so found satisfies T1's condition everywhere and is optimal [CPP24].
"""

from __future__ import annotations

from fractions import Fraction

from prefcore.trees import Tabulation
from solvers.tree import Carrier, Induced, Values, backwards


def best_by_comparisons(tabulation: Tabulation, carried: Carrier) -> tuple[Induced, int]:
    """The policy and its values, with the number of comparisons made. Among equals the earlier action is kept."""
    comparisons = 0

    def choose(_: int, after: list[Values]) -> tuple[Fraction, ...]:
        nonlocal comparisons
        best = 0
        for action in range(1, len(after)):
            comparisons += 1
            if not carried.below(after[action], after[best]):
                best = action
        return tuple(Fraction(action == best) for action in range(len(after)))

    return backwards(tabulation, carried, choose), comparisons
