"""What a preference over distributions is, which axioms it satisfies, and the evidence.

``check`` decides the axioms of a relation; everything it says carries evidence that :mod:`prefcore.kernel` accepts.
Finders and their libraries are loaded when ``check`` is first used, never by ``import prefcore``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from prefcore import kernel
from prefcore.axioms import AXIOMS
from prefcore.catalogue import (
    at_least,
    at_most,
    best_case,
    bewley,
    chance_constraint,
    conjunction,
    constrained,
    cvar,
    disappointment_aversion,
    disjunction,
    entropic_risk,
    equality,
    excess_risk,
    expect,
    expected_reward,
    expected_under,
    hurwicz,
    indifference,
    interval_order,
    lexicographic,
    lexicographic_composition,
    lexicographic_semiorder,
    majority,
    maximize,
    maxmax,
    maxmin,
    maxmin_priors,
    mean_semideviation,
    mean_variance,
    minimize,
    mixture_symmetric,
    outperforming,
    pairwise,
    pareto,
    prob,
    product,
    quadratic_utility,
    quantile,
    rank_dependent,
    regret,
    second_order_dominance,
    semiorder,
    skew_symmetric,
    spectral_risk,
    stochastic_dominance,
    support_lexicographic,
    third_order_dominance,
    unanimity,
    upper_quantile,
    value_at_risk,
    weighted_majority,
    weighted_utility,
    worst_case,
)
from prefcore.claims import Achievable, Axiom, HasUtility, Menu, Optimal, Represents, Simplex, Solvable
from prefcore.comparisons import Comparisons
from prefcore.distribution import Distribution, mix
from prefcore.evidence import Counterexample, Cycle
from prefcore.matrix_games import Winner
from prefcore.processes import DirectPreferenceProcess, ProcessTooLarge, trajectory_distribution
from prefcore.records import EvidenceRejected
from prefcore.relations import Relation, compare, relation
from prefcore.systems import LinearSystem
from prefcore.tracing import InvalidRelation, maximum, minimum
from prefcore.verdicts import Proved, Refuted, Unknown

if TYPE_CHECKING:
    from prefcore.assertions import UndecidedAxiom, assert_axiom, assert_refuted
    from prefcore.certificates import load_certificate, save_certificate
    from prefcore.checking import check
    from prefcore.matrices import check_choice, check_pairwise
    from prefcore.report import Report

_LAZY = {
    "assert_axiom": "prefcore.assertions",
    "assert_refuted": "prefcore.assertions",
    "UndecidedAxiom": "prefcore.assertions",
    "check": "prefcore.checking",
    "check_choice": "prefcore.matrices",
    "check_pairwise": "prefcore.matrices",
    "Report": "prefcore.report",
    "load_certificate": "prefcore.certificates",
    "save_certificate": "prefcore.certificates",
    "gallery": "prefcore.gallery",
    "strategies": "prefcore.strategies",
}

__all__ = [
    "AXIOMS",
    "Achievable",
    "Axiom",
    "Comparisons",
    "Counterexample",
    "Cycle",
    "DirectPreferenceProcess",
    "Distribution",
    "EvidenceRejected",
    "HasUtility",
    "InvalidRelation",
    "LinearSystem",
    "Menu",
    "Optimal",
    "ProcessTooLarge",
    "Proved",
    "Refuted",
    "Relation",
    "Report",
    "Represents",
    "Simplex",
    "Solvable",
    "UndecidedAxiom",
    "Unknown",
    "Winner",
    "assert_axiom",
    "assert_refuted",
    "at_least",
    "at_most",
    "best_case",
    "bewley",
    "chance_constraint",
    "check",
    "check_choice",
    "check_pairwise",
    "compare",
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
    "kernel",
    "lexicographic",
    "lexicographic_composition",
    "lexicographic_semiorder",
    "load_certificate",
    "majority",
    "maximize",
    "maximum",
    "maxmax",
    "maxmin",
    "maxmin_priors",
    "mean_semideviation",
    "mean_variance",
    "minimize",
    "minimum",
    "mix",
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
    "relation",
    "save_certificate",
    "second_order_dominance",
    "semiorder",
    "skew_symmetric",
    "spectral_risk",
    "stochastic_dominance",
    "support_lexicographic",
    "third_order_dominance",
    "trajectory_distribution",
    "unanimity",
    "upper_quantile",
    "value_at_risk",
    "weighted_majority",
    "weighted_utility",
    "worst_case",
]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'prefcore' has no attribute {name!r}")
    module = import_module(_LAZY[name])
    return module if _LAZY[name] == f"prefcore.{name}" else getattr(module, name)
