"""What can happen, whatever its probability: the worst, the best, and the whole support in order."""

from __future__ import annotations

from itertools import pairwise as neighbours
from typing import Any

from prefcore.catalogue.arguments import AnyRelation, named, payoff_of
from prefcore.catalogue.risk import quantile, upper_quantile
from prefcore.distribution import Payoff
from prefcore.tracing import cumulative_of


def worst_case(payoff: Payoff) -> AnyRelation:
    """Compares the smallest payoff that has positive probability [Wald 1950]: the upper quantile at level 0."""
    return named("worst_case", upper_quantile(payoff, 0).function)


def best_case(payoff: Payoff) -> AnyRelation:
    """Compares the largest payoff that has positive probability: the lower quantile at level 1."""
    return named("best_case", quantile(payoff, 1).function)


def support_lexicographic(payoff: Payoff) -> AnyRelation:
    """Leximin on supports [Pattanaik and Peleg 1984]: the worst payoffs first, then the second worst, and so on.

    The distinct payoffs of positive probability are listed upwards, and the lists compared like words of a lexicon in
    which a list that continues another is better: to add a payoff above all others is a gain (Gärdenfors' principle).
    So at the least payoff t that only one of the two has, that one is worse if the other has payoffs above t, and
    better if it has none.
    """
    u = payoff_of(payoff)

    def order(A: Any, B: Any) -> Any:
        result: Any = True
        steps = [list(neighbours((0, *cumulative_of(lottery, u)))) for lottery in (A, B)]
        for (before_a, a), (before_b, b) in zip(*map(reversed, steps), strict=True):
            in_a, in_b = a > before_a, b > before_b
            not_a, not_b = a <= before_a, b <= before_b
            same = (in_a & in_b) | (not_a & not_b)
            result = (in_a & not_b & (b < 1)) | (not_a & in_b & (a >= 1)) | (same & result)
        return result

    return named("support_lexicographic", order)
