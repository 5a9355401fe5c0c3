"""Ready-made relations, one short definition each. They carry no known answers: each, written by hand, gets the same
verdicts. ``A ≼ B`` reads "B is at least as preferred as A"; payoffs are mappings or functions, more is better.

A relation means the same over more outcomes than it is asked about: outcomes of probability zero change no answer.
"""

from __future__ import annotations

from prefcore.catalogue.ambiguity import bewley, expected_under, hurwicz, maxmax, maxmin, maxmin_priors, unanimity
from prefcore.catalogue.arguments import AnyRelation, Functional
from prefcore.catalogue.compositions import conjunction, disjunction, lexicographic_composition, product
from prefcore.catalogue.dominance import pareto, second_order_dominance, stochastic_dominance, third_order_dominance
from prefcore.catalogue.limits import chance_constraint, constrained, excess_risk
from prefcore.catalogue.nonexpected import disappointment_aversion, mixture_symmetric, rank_dependent, weighted_utility
from prefcore.catalogue.objectives import Constraint, Objective, at_least, at_most, expect, maximize, minimize, prob
from prefcore.catalogue.pairs import outperforming, pairwise, regret, skew_symmetric
from prefcore.catalogue.rewards import (
    entropic_risk,
    equality,
    expected_reward,
    indifference,
    lexicographic,
    quadratic_utility,
)
from prefcore.catalogue.risk import (
    cvar,
    mean_semideviation,
    mean_variance,
    quantile,
    spectral_risk,
    upper_quantile,
    value_at_risk,
)
from prefcore.catalogue.supports import best_case, support_lexicographic, worst_case
from prefcore.catalogue.thresholds import interval_order, lexicographic_semiorder, semiorder
from prefcore.catalogue.votes import majority, weighted_majority

__all__ = [
    "AnyRelation",
    "Constraint",
    "Functional",
    "Objective",
    "at_least",
    "at_most",
    "best_case",
    "bewley",
    "chance_constraint",
    "conjunction",
    "constrained",
    "cvar",
    "disappointment_aversion",
    "disjunction",
    "entropic_risk",
    "equality",
    "excess_risk",
    "expect",
    "expected_reward",
    "expected_under",
    "hurwicz",
    "indifference",
    "interval_order",
    "lexicographic",
    "lexicographic_composition",
    "lexicographic_semiorder",
    "majority",
    "maximize",
    "maxmax",
    "maxmin",
    "maxmin_priors",
    "mean_semideviation",
    "mean_variance",
    "minimize",
    "mixture_symmetric",
    "outperforming",
    "pairwise",
    "pareto",
    "prob",
    "product",
    "quadratic_utility",
    "quantile",
    "rank_dependent",
    "regret",
    "second_order_dominance",
    "semiorder",
    "skew_symmetric",
    "spectral_risk",
    "stochastic_dominance",
    "support_lexicographic",
    "third_order_dominance",
    "unanimity",
    "upper_quantile",
    "value_at_risk",
    "weighted_majority",
    "weighted_utility",
    "worst_case",
]
