"""One instance of each relation of the catalogue, for the documentation, the pictures and the benchmarks.

Over the same four outcomes, a dam's, wherever a relation does not need outcomes of its own kind (acts, or tuples). The
payoffs are in general position: 1, water, quiet and fish are linearly independent, so no relation collapses.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from prefcore import catalogue as c
from prefcore.catalogue.arguments import AnyRelation
from prefcore.distribution import Payoff

HALF, TENTH = Fraction(1, 2), Fraction(1, 10)
OUTCOMES = ("flood", "low", "half", "full")
WATER = {"flood": 0, "low": 1, "half": 3, "full": 7}
QUIET = {"flood": 0, "low": 5, "half": 2, "full": 1}
FISH = {"flood": 2, "low": 0, "half": 9, "full": 4}
FLOOD = frozenset({"flood"})

# Acts give their consequence in a dry year and in a wet one; pairs hold the water and the quiet.
ACTS = ((0, 7), (1, 3), (3, 1), (2, 2))
DRY, WET = {0: Fraction(2, 3), 1: Fraction(1, 3)}, {0: Fraction(1, 4), 1: Fraction(3, 4)}
PAIRS = ((0, 0), (0, 1), (1, 0), (1, 1))

# Half beats full, full beats low, low beats half, all of them by 3/5; a flood loses by 9/10.
DUELS = (
    (HALF, TENTH, TENTH, TENTH),
    (1 - TENTH, HALF, Fraction(3, 5), Fraction(2, 5)),
    (1 - TENTH, Fraction(2, 5), HALF, Fraction(3, 5)),
    (1 - TENTH, Fraction(3, 5), Fraction(2, 5), HALF),
)


@dataclass(frozen=True, slots=True)
class Example:
    """A relation over some outcomes, and the payoff that orders them (for ``check(…, value=…)``) where there is one."""

    name: str
    relation: AnyRelation
    outcomes: tuple[Any, ...]
    value: Payoff | None


def _water(name: str, relation: AnyRelation) -> Example:
    return Example(name, relation, OUTCOMES, WATER)


def _rejoice(gain: Fraction) -> Fraction:
    """More than twice the gain, more than twice the joy: regret-averse."""
    return gain * abs(gain)


def _rock_paper_scissors(x: str, y: str) -> int:
    cycle = ("low", "half", "full")
    return (0, 1, -1)[(cycle.index(x) - cycle.index(y)) % 3] if x in cycle and y in cycle else 0


def _product(x: str, y: str) -> int:
    return WATER[x] * QUIET[y] + WATER[y] * QUIET[x]


_safe_first = c.lexicographic(c.minimize(c.prob(FLOOD)))
_rich = c.expected_reward(WATER)

EXAMPLES: tuple[Example, ...] = (
    _water("expected_reward", _rich),
    _water(
        "lexicographic",
        c.lexicographic(c.minimize(c.prob(FLOOD)), c.maximize(c.expect(WATER)), c.maximize(c.expect(QUIET))),
    ),
    _water("quadratic_utility", c.quadratic_utility(WATER, Fraction(1, 20))),
    _water("entropic_risk", c.entropic_risk(WATER, HALF, digits=12)),
    _water("excess_risk", c.excess_risk({"flood": 20, "low": 3}, WATER)),
    _water("chance_constraint", c.chance_constraint(FLOOD, TENTH, WATER)),
    _water(
        "constrained",
        c.constrained(
            [c.at_most(c.prob(FLOOD), TENTH), c.at_least(c.expect(QUIET), 1)],
            c.maximize(c.expect(WATER)),
        ),
    ),
    _water("cvar", c.cvar(WATER, HALF)),
    _water("spectral_risk", c.spectral_risk(WATER, {Fraction(1, 4): HALF, 1: HALF})),
    _water("quantile", c.quantile(WATER, HALF)),
    _water("upper_quantile", c.upper_quantile(WATER, HALF)),
    _water("value_at_risk", c.value_at_risk(WATER, TENTH)),
    _water("mean_variance", c.mean_variance(WATER, TENTH)),
    _water("mean_semideviation", c.mean_semideviation(WATER, HALF)),
    _water("maxmin", c.maxmin(WATER, QUIET)),
    _water("maxmax", c.maxmax(WATER, QUIET)),
    _water("hurwicz", c.hurwicz([WATER, QUIET], Fraction(1, 3))),
    _water("unanimity", c.unanimity(WATER, QUIET, FISH)),
    Example("maxmin_priors", c.maxmin_priors([DRY, WET], lambda x: x), ACTS, None),
    Example("bewley", c.bewley([DRY, WET], lambda x: x), ACTS, None),
    _water("pareto", c.pareto(WATER, QUIET)),
    _water("stochastic_dominance", c.stochastic_dominance(WATER)),
    _water("second_order_dominance", c.second_order_dominance(WATER)),
    _water("third_order_dominance", c.third_order_dominance(WATER)),
    _water("majority", c.majority(WATER, QUIET, FISH)),
    _water("weighted_majority", c.weighted_majority([WATER, QUIET, FISH], [2, 1, 1])),
    _water("interval_order", c.interval_order(WATER, {o: x + (2 if o == "half" else 1) for o, x in WATER.items()})),
    _water("semiorder", c.semiorder(WATER, 1)),
    _water("lexicographic_semiorder", c.lexicographic_semiorder([WATER, QUIET], [1, 0])),
    _water("weighted_utility", c.weighted_utility(WATER, {"flood": 5, "low": 3, "half": 1, "full": 2})),
    _water("rank_dependent", c.rank_dependent(WATER, {0: 0, Fraction(1, 4): HALF, Fraction(3, 4): HALF, 1: 1})),
    _water("disappointment_aversion", c.disappointment_aversion(WATER, HALF)),
    _water("mixture_symmetric", c.mixture_symmetric(_product)),
    _water("skew_symmetric", c.skew_symmetric(_rock_paper_scissors)),
    _water("outperforming", c.outperforming(WATER)),
    _water("regret", c.regret(WATER, _rejoice)),
    Example("pairwise", c.pairwise(DUELS, OUTCOMES), OUTCOMES, None),
    _water("worst_case", c.worst_case(WATER)),
    _water("best_case", c.best_case(WATER)),
    _water("support_lexicographic", c.support_lexicographic(WATER)),
    _water("conjunction", c.conjunction(_safe_first, c.cvar(WATER, HALF))),
    _water("disjunction", c.disjunction(_rich, c.expected_reward(QUIET))),
    _water("lexicographic_composition", c.lexicographic_composition(c.worst_case(WATER), _rich)),
    Example("product", c.product(c.worst_case(lambda x: x), c.expected_reward(lambda x: x)), PAIRS, None),
    _water("indifference", c.indifference()),
    _water("equality", c.equality()),
)
