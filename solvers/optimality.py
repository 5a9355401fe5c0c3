"""THE JUDGE of policies: the optimality condition, and optimality itself.

T1's condition asks ``D^π(h·a) ≼ D^π(h)`` at every attainable history h and action a. It makes π optimal only if ≼ is a
consistent pre-order *on the whole simplex*, because it compares conditionals, which are achievable lotteries of no
policy; a proof of the axioms on achievable distributions alone would not do. What a history of probability zero under π
does is no part of D^π, so such histories are given the action that induction finds best.
"""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import product
from typing import Any

from prefcore import kernel
from prefcore.checking import check_on
from prefcore.claims import BlackBox, Optimal, Simplex
from prefcore.evidence import (
    AsGoodAs,
    BetterPolicy,
    Both,
    ConditionHolds,
    PolicyEvidence,
    Refutation,
    ValueOrder,
)
from prefcore.processes import DEFAULT_LIMIT, DirectPreferenceProcess, Policy, policy_table, tabulate
from prefcore.relations import Relation, formula_of
from prefcore.report import Report
from prefcore.tracing import FormulaTooLarge, UnknownOutcome
from prefcore.trees import History, PolicyTable, TablePolicy, Tabulation
from prefcore.verdicts import Proved, Refuted, Unknown, Verdict
from solvers.induction import best_by_comparisons
from solvers.tree import Carrier, Induced, Values, backwards, carrier, reach

NEEDED = ("reflexive", "transitive", "preorder", "total", "consistent")
MANY_POLICIES = 4096  # deterministic policies that are tried one by one


@dataclass(frozen=True, slots=True)
class Violation:
    """A history at which an action is not ≼ what the policy does, with its probability under the policy."""

    history: History
    action: Any
    reached: Fraction


@dataclass(frozen=True)
class Problem:
    """A process listed once, with its relation traced over the outcomes of its attainable trajectories."""

    process: DirectPreferenceProcess
    tabulation: Tabulation
    report: Report

    @cached_property
    def carried(self) -> Carrier:
        """How its lotteries are carried."""
        outcomes = tuple(self.tabulation.outcomes)
        relation = self.report.traced or formula_of(self.process.preference, outcomes, closed=False)
        return carrier(relation, outcomes)


def problem_of(
    process: DirectPreferenceProcess, axioms: tuple[str, ...] | None, budget: float | None, limit: int
) -> Problem:
    """Lists the process and checks its relation on the simplex over the outcomes of its attainable trajectories."""
    if not isinstance(process, DirectPreferenceProcess):
        raise TypeError(f"process must be a DirectPreferenceProcess, got {process!r}")
    tabulation = tabulate(process, limit)
    outcomes = tuple(tabulation.outcomes)
    if not isinstance(process.preference, Relation):
        raise TypeError(
            f"preference must be a relation: decorate the function with @pc.relation, got {process.preference!r}"
        )
    try:
        formula_of(process.preference, outcomes, closed=True)
    except FormulaTooLarge:
        pass  # the report will say so
    except UnknownOutcome as error:  # it may be possible and unattained, or misspelt
        warnings.warn(f"{error} of any attainable trajectory", stacklevel=3)
    report = check_on(process.preference, Simplex(outcomes), axioms, budget, closed=False)
    return Problem(process, tabulation, report)


def violations(process: DirectPreferenceProcess, policy: Policy, limit: int = DEFAULT_LIMIT) -> tuple[Violation, ...]:
    """Where T1's condition fails: attainable histories h with actions a such that not ``D^π(h·a) ≼ D^π(h)``.

    The policy is called on every attainable history, since it acts after h·a.
    """
    tabulation = tabulate(process, limit)
    outcomes = tuple(tabulation.outcomes)
    carried = carrier(formula_of(process.preference, outcomes, closed=False), outcomes)
    table = policy_table(process, tabulation, policy, everywhere=True)
    induced = backwards(tabulation, carried, lambda d, _: table[d])
    return tuple(_violations(tabulation, carried, induced))


def check_optimality(
    process: DirectPreferenceProcess, policy: Policy, budget: float | None = None, limit: int = DEFAULT_LIMIT
) -> Verdict:
    """Whether ``D^π' ≼ D^π`` for every policy π'.

    ``Proved`` by T1 with the proof that ≼ is a consistent pre-order attached, or because π is as good as a policy of
    which T1 holds; ``Refuted`` with ``.better_policy``; else ``Unknown``, with the violated comparison in its reason.
    `policy` maps a history to an action or to probabilities, and is called only on histories that it reaches.

    Raises ``ProcessTooLarge`` beyond `limit` trajectories, and ``ValueError``/``TypeError`` that name the history
    where the process or the policy is malformed.
    """
    return judge(problem_of(process, NEEDED, budget, limit), policy)


def judge(problem: Problem, policy: Policy) -> Verdict:
    """As :func:`check_optimality`, for a problem whose relation is checked already."""
    start = time.monotonic()
    relation = problem.report.traced
    if relation is None or isinstance(relation, BlackBox):
        why = "its formula is too large" if relation is None else f"it is a black box: {relation.reason}"
        return Unknown(None, f"the relation can't be proved anything about: {why}", "write it with expectations", 0.0)
    own = _own(problem.process, problem.tabulation, problem.carried, policy)
    claim = Optimal(problem.tabulation, relation, own.table)
    for evidence in _evidence(problem, own):
        try:
            return kernel.check(claim, evidence)
        except kernel.EvidenceRejected:
            continue
    violated = next(_violations(problem.tabulation, problem.carried, own), None)  # with the best play after it
    return Unknown(claim, _why_unknown(problem.report, violated), _advice(problem.report), time.monotonic() - start)


def _own(process: DirectPreferenceProcess, tabulation: Tabulation, carried: Carrier, policy: Policy) -> Induced:
    """The policy's table and values; where it never comes, the best action by comparisons stands for it."""
    if isinstance(policy, TablePolicy) and policy.tabulation.histories == tabulation.histories:
        return backwards(tabulation, carried, lambda d, _: policy.table[d])
    table = policy_table(process, tabulation, policy)
    reached = reach(tabulation, table)
    best = best_by_comparisons(tabulation, carried)[0].table
    return backwards(tabulation, carried, lambda d, _: table[d] if reached[d] else best[d])


def _violations(tabulation: Tabulation, carried: Carrier, induced: Induced) -> Iterator[Violation]:
    reached = reach(tabulation, induced.table)
    for d, after in enumerate(induced.after):
        for action, values in zip(tabulation.actions[d], after, strict=True):
            if not carried.below(values, induced.at[d]):
                yield Violation(tabulation.histories[d], action, reached[d])


def condition(report: Report) -> ConditionHolds | None:
    """T1's premise with its evidence, if the report proves it."""
    preorder, consistent = report.verdicts.get("preorder"), report.verdicts.get("consistent")
    if (
        isinstance(preorder, Proved)
        and isinstance(consistent, Proved)
        and isinstance(preorder.evidence, (Both, ValueOrder))
        and isinstance(consistent.evidence, Refutation)
    ):
        return ConditionHolds(preorder.evidence, consistent.evidence)
    return None


def _evidence(problem: Problem, own: Induced) -> Iterator[PolicyEvidence]:
    """Evidence worth a try, likeliest first."""
    tabulation, carried = problem.tabulation, problem.carried
    premise = condition(problem.report)
    if premise is not None and next(_violations(tabulation, carried, own), None) is None:
        yield premise
    best = best_by_comparisons(tabulation, carried)[0]
    if not carried.below(best.start, own.start):
        yield BetterPolicy(best.table)
    elif premise is not None:
        yield AsGoodAs(best.table, premise)
    yield from _deviations(problem, own)
    yield from _every_policy(problem, own)


def _deviations(problem: Problem, own: Induced) -> Iterator[BetterPolicy]:
    """One other action at one history: D changes by the history's reach times the change there."""
    reached = reach(problem.tabulation, own.table)
    for d, after in enumerate(own.after):
        for action, values in enumerate(after) if reached[d] else ():
            shifted = [s + reached[d] * (new - old) for s, new, old in zip(own.start, values, own.at[d], strict=True)]
            if not problem.carried.below(shifted, own.start):
                row = tuple(Fraction(action == a) for a in range(len(after)))
                yield BetterPolicy((*own.table[:d], row, *own.table[d + 1 :]))
                return


def _start_of(problem: Problem, table: PolicyTable) -> Values:
    return backwards(problem.tabulation, problem.carried, lambda d, _: table[d]).start


def _every_policy(problem: Problem, own: Induced) -> Iterator[BetterPolicy]:
    """All deterministic policies, if they are few."""
    widths = [len(rows) for rows in problem.tabulation.tree.branches]
    if math.prod(widths) > MANY_POLICIES:
        return
    for choices in product(*map(range, widths)):
        table: PolicyTable = tuple(
            tuple(Fraction(a == choice) for a in range(width)) for choice, width in zip(choices, widths, strict=True)
        )
        if not problem.carried.below(_start_of(problem, table), own.start):
            yield BetterPolicy(table)
            return


def _why_unknown(report: Report, violated: Violation | None) -> str:
    missing = [axiom for axiom in ("preorder", "consistent") if not report.proved(axiom)]
    if missing:
        why = f"T1 does not apply, because ≼ is not proved {' and '.join(missing)}; no better policy was found"
    else:
        why = "≼ is not total, no better policy was found, and the condition of T1 fails"
    if violated is None:
        return f"{why}; no single action is better at any history"
    return f"{why}; at history {violated.history!r} action {violated.action!r} is not ≼ what the policy does"


def _advice(report: Report) -> str:
    if isinstance(report.verdicts.get("consistent"), Refuted):
        return "compare whole policies, not steps: the optimum must be sought over all achievable distributions"
    if isinstance(report.verdicts.get("transitive"), Refuted):
        return "there may be no optimal policy: look for an equilibrium"
    return "look for the undominated policies"
