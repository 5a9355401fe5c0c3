"""``solve``: read what is true of the relation, choose the method that its axioms permit, return the policy and why.

The table of theory.md section 3, row by row. A total consistent pre-order, with a reward or without, is solved by T2.
The other rows answer ``Unknown`` with the reason and the advice, never with a wrong policy.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from prefcore.claims import BlackBox
from prefcore.distribution import Distribution
from prefcore.processes import DEFAULT_LIMIT, DirectPreferenceProcess, trajectory_distribution
from prefcore.report import Report
from prefcore.trees import TablePolicy, table_policy
from prefcore.verdicts import Proved, Unknown, Verdict
from solvers.induction import best_by_comparisons
from solvers.optimality import NEEDED, Problem, judge, problem_of
from solvers.tree import reach

INDUCTION = "backward induction by comparisons"


SHOWN = 12  # histories of a policy that are printed


@dataclass(frozen=True, slots=True, repr=False)
class Solution:
    """What was found for a process, or why nothing was.

    policy, distribution: the policy and its trajectory distribution D^π; both None unless `verdict` is Proved.
    method, theorem: how the policy was found and what makes it optimal. verdict: the kernel's, on optimality.
    reason, advice, budget: on Unknown, why, what to do, and the seconds used. report: the axioms of the relation.
    """

    process: DirectPreferenceProcess
    policy: TablePolicy | None
    distribution: Distribution | None
    method: str
    theorem: str
    verdict: Verdict
    reason: str
    advice: str
    budget: float
    report: Report

    def outcomes(self) -> Distribution | None:
        """The distribution of outcomes, which is what the relation sees."""
        return None if self.distribution is None else self.distribution.map(self.process.outcome)

    def __str__(self) -> str:
        if self.policy is None:
            return f"unknown: {self.reason}\nadvice: {self.advice} ({self.budget:.1f} s used)"
        lines = [f"optimal by {self.theorem}, found by {self.method}"]
        lines += [f"  {p} {outcome}" for outcome, p in _likeliest(self.outcomes(), 8)]
        reached = [h for h, p in zip(self.policy.tabulation.histories, self._reach(), strict=True) if p]
        lines += ["what it does, where it comes:"]
        lines += [f"  {h}: {self.policy(h)}" for h in reached[:SHOWN]]
        if len(reached) > SHOWN:
            lines.append(f"  … and at {len(reached) - SHOWN} more histories: see .policy")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"Solution({'unknown' if self.policy is None else self.method}, {self.verdict!r})"

    def _reach(self) -> list[Fraction]:
        return [] if self.policy is None else reach(self.policy.tabulation, self.policy.table)


def _likeliest(distribution: Distribution | None, most: int) -> list[tuple[Any, Any]]:
    items = [] if distribution is None else sorted(distribution.items(), key=lambda item: -item[1])
    return items[:most] + ([("on other outcomes", sum(p for _, p in items[most:]))] if len(items) > most else [])


@dataclass(frozen=True, slots=True)
class Search:
    """What backward induction found. Optimal only if `verdict` says so."""

    policy: TablePolicy
    distribution: Distribution
    comparisons: int
    verdict: Verdict
    report: Report


def policy_search(process: DirectPreferenceProcess, budget: float | None = None, limit: int = DEFAULT_LIMIT) -> Search:
    """Backward induction by comparisons only (T2), with the verdict on the policy that it finds.

    The policy is optimal if ≼ is a total consistent pre-order; `verdict` is what was proved of it in any case.
    Raises as :func:`solvers.check_optimality`.
    """
    return _search(problem_of(process, NEEDED, budget, limit))


def _search(problem: Problem) -> Search:
    induced, comparisons = best_by_comparisons(problem.tabulation, problem.carried)
    policy = table_policy(problem.tabulation, induced.table)
    distribution = trajectory_distribution(problem.process, policy)
    return Search(policy, distribution, comparisons, judge(problem, policy), problem.report)


def solve(process: DirectPreferenceProcess, budget: float | None = None, limit: int = DEFAULT_LIMIT) -> Solution:
    """The best policy for a process, with the theorem and the evidence that make it optimal; or Unknown.

    The relation is checked on the simplex over the outcomes of the attainable trajectories, which holds every
    conditional distribution too, as T1 requires. budget: seconds for that check. limit: trajectories to enumerate.
    Raises ``ProcessTooLarge``, and ``ValueError``/``TypeError`` that name the history where the process is malformed.
    """
    start = time.monotonic()
    problem = problem_of(process, None, budget, limit)
    report = problem.report
    if report.proved("preorder", "total", "consistent"):
        found = _search(problem)
        if isinstance(found.verdict, Proved):
            seconds = time.monotonic() - start
            return Solution(
                process, found.policy, found.distribution, INDUCTION, "T2", found.verdict, "", "", seconds, report
            )
    reason, advice = _why_not(report)
    verdict = Unknown(None, reason, advice, time.monotonic() - start)
    return Solution(process, None, None, "none", "none", verdict, reason, advice, verdict.budget, report)


def _why_not(report: Report) -> tuple[str, str]:
    """The reason why no method is at hand, and the advice: the other rows of the table."""
    undecided = [verdict for verdict in report.values() if isinstance(verdict, Unknown)]
    if report.traced is None or isinstance(report.traced, BlackBox):
        return f"nothing can be proved of the relation: {undecided[0].reason}", undecided[0].advice
    if report.proved("preorder") and report.refuted("consistent"):
        return (
            "≼ is a pre-order but not consistent, so planning step by step can be regretted (T3)",
            "commit to a whole policy: optimise over the achievable distributions, randomised policies included",
        )
    if report.proved("preorder", "consistent") and report.refuted("total"):
        return (
            "≼ is a consistent pre-order but not total, so there may be no best policy, or only a stochastic one",
            "look for the undominated policies; check_optimality certifies one that is at least as good as all (T1)",
        )
    if report.refuted("transitive"):
        return (
            "≼ is not transitive, so there may be no optimal policy",
            "if it compares probabilities of winning (skew_symmetric), play its game, for its von Neumann winner (T8): "
            "solvers.games.sequence_form_program(solvers.games.process_game(process)) finds it",
        )
    if undecided:
        return (
            f"an axiom that the choice of a method needs was not decided: {undecided[0].reason}",
            undecided[0].advice,
        )
    return "≼ is not reflexive, so it is not a pre-order", "state a preference by which everything is as good as itself"
