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
    chance_constraint,
    cvar,
    equality,
    excess_risk,
    expect,
    expected_reward,
    indifference,
    lexicographic,
    majority,
    maximize,
    minimize,
    pareto,
    prob,
    quantile,
    skew_symmetric,
    stochastic_dominance,
)
from prefcore.claims import Achievable, Axiom, Menu, Optimal, Simplex
from prefcore.distribution import Distribution, mix
from prefcore.evidence import Counterexample, Cycle
from prefcore.processes import DirectPreferenceProcess, ProcessTooLarge, trajectory_distribution
from prefcore.records import EvidenceRejected
from prefcore.relations import Relation, compare, relation
from prefcore.tracing import InvalidRelation, maximum, minimum
from prefcore.verdicts import Proved, Refuted, Unknown

if TYPE_CHECKING:
    from prefcore.certificates import load_certificate, save_certificate
    from prefcore.checking import check
    from prefcore.report import Report

_LAZY = {
    "assert_axiom": "prefcore.assertions",
    "assert_refuted": "prefcore.assertions",
    "check": "prefcore.checking",
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
    "Counterexample",
    "Cycle",
    "DirectPreferenceProcess",
    "Distribution",
    "EvidenceRejected",
    "InvalidRelation",
    "Menu",
    "Optimal",
    "ProcessTooLarge",
    "Proved",
    "Refuted",
    "Relation",
    "Report",
    "Simplex",
    "Unknown",
    "chance_constraint",
    "check",
    "compare",
    "cvar",
    "equality",
    "excess_risk",
    "expect",
    "expected_reward",
    "indifference",
    "kernel",
    "lexicographic",
    "load_certificate",
    "majority",
    "maximize",
    "maximum",
    "minimize",
    "minimum",
    "mix",
    "pareto",
    "prob",
    "quantile",
    "relation",
    "save_certificate",
    "skew_symmetric",
    "stochastic_dominance",
    "trajectory_distribution",
]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'prefcore' has no attribute {name!r}")
    module = import_module(_LAZY[name])
    return module if _LAZY[name] == f"prefcore.{name}" else getattr(module, name)
