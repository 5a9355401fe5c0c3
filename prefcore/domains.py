"""What the kernel needs of a domain: the largest value of a linear functional over it. Trusted.

Over a simplex (and any menu in it) that is the largest value over the outcomes. Over the distributions that a process
achieves it is found by backward induction, so the polytope is never written out: at a decision the best action's
value, at a chance node the mean.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import lcm
from typing import Any

from prefcore.arrays import largest_sum
from prefcore.claims import Achievable, Domain
from prefcore.formula import Formula
from prefcore.records import EvidenceRejected
from prefcore.trees import HistoryTree, PolicyTable

Exact = int | Fraction
Combination = Sequence[tuple[Exact, int]]  # Σ weight · feature
Largest = Callable[[Combination], Fraction]

VECTORISED = 4096  # outcomes from which arrays are worth their set-up
ZERO = Fraction(0)


def largest_over(domain: Domain, formula: Formula) -> Largest:
    """The largest value over the domain of ``Σ w f_k``, as a function of the pairs (w, k)."""
    if isinstance(domain, Achievable):
        return lambda combination: best(domain.process.tree, outcome_values(formula, combination))[0]
    arrays: dict[int, Any] = {}

    def largest(combination: Combination) -> Fraction:
        scale = lcm(*(weight.denominator for weight, _ in combination))
        integers = [(int(weight * scale), k) for weight, k in combination]
        if len(integers) == 1:
            w, k = integers[0]
            f = formula.features[k]
            return Fraction(w * (max(f) if w > 0 else min(f)), scale)
        if formula.outcomes >= VECTORISED:
            return Fraction(largest_sum(formula, integers, arrays), scale)
        features = [(w, formula.features[k]) for w, k in integers]
        return Fraction(max(sum(w * f[o] for w, f in features) for o in range(formula.outcomes)), scale)

    return largest


def outcome_values(formula: Formula, combination: Combination) -> list[Fraction]:
    """``Σ w f_k`` at each outcome."""
    features = [(Fraction(w), formula.features[k]) for w, k in combination]
    return [sum((w * f[o] for w, f in features), ZERO) for o in range(formula.outcomes)]


def best(tree: HistoryTree, values: Sequence[Fraction]) -> tuple[Fraction, list[int]]:
    """The largest expected value of the outcomes' values over all policies, and the best action at each decision."""
    decisions = len(tree.branches)
    at = [ZERO] * decisions + [values[o] for o in tree.outcome]
    actions = [0] * decisions
    for d in range(decisions - 1, -1, -1):
        means = [sum((p * at[child] for p, child in row), ZERO) for row in tree.branches[d]]
        at[d] = max(means)
        actions[d] = means.index(at[d])
    return sum((p * at[child] for p, child in tree.initial), ZERO), actions


def outcome_distribution(tree: HistoryTree, policy: PolicyTable) -> dict[int, Fraction]:
    """The distribution over outcomes (by index) that a policy induces; ``EvidenceRejected`` for a malformed policy."""
    _check_policy(tree, policy)
    decisions = len(tree.branches)
    reached = [ZERO] * (decisions + len(tree.outcome))
    for p, node in tree.initial:
        reached[node] += p
    for d, rows in enumerate(tree.branches):
        for chosen, row in zip(policy[d], rows, strict=True):
            if reached[d] and chosen:
                for p, child in row:
                    reached[child] += reached[d] * chosen * p
    found: dict[int, Fraction] = {}
    for outcome, p in zip(tree.outcome, reached[decisions:], strict=True):
        if p:
            found[outcome] = found.get(outcome, ZERO) + p
    return found


def _check_policy(tree: HistoryTree, policy: PolicyTable) -> None:
    if len(policy) != len(tree.branches):
        raise EvidenceRejected("a policy needs a row for each decision history")
    for row, actions in zip(policy, tree.branches, strict=True):
        if len(row) != len(actions):
            raise EvidenceRejected("a policy's row needs a probability for each available action")
        if any(p < 0 for p in row) or sum(row) != 1:
            raise EvidenceRejected("a policy's row is not a distribution")
