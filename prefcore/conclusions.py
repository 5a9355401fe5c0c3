"""What the theorems conclude from the verdicts of a report.

They are those of [CPP24] and their relatives, by the project's numbers T1-T9. On the simplex they also speak of every
process with such outcomes. On the achievable set of a process they speak of that set only: the optimality condition
compares conditionals, which lie outside it (T1). A finite menu is not convex: theorems about rewards say nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prefcore.claims import Achievable, Menu

if TYPE_CHECKING:
    from prefcore.report import Report

FOR_REWARD = ("total", "transitive", "convex", "interpolation")


@dataclass(frozen=True, slots=True)
class Consequence:
    """What a theorem concludes from the verdicts."""

    theorem: str
    statement: str

    def __str__(self) -> str:
        return f"{self.statement} [{self.theorem}]"


def consequences(report: Report) -> tuple[Consequence, ...]:
    """What follows from these verdicts on the report's domain."""
    if isinstance(report.domain, Menu):
        return tuple(_on_a_menu(report))
    if isinstance(report.domain, Achievable):
        return tuple(_on_achievable(report))
    return (*_about_rewards(report, ""), *_about_policies(report))


def _about_rewards(report: Report, where: str) -> Iterator[Consequence]:
    proved, refuted = report.proved, report.refuted
    failing = [axiom for axiom in FOR_REWARD if refuted(axiom)]
    if proved(*FOR_REWARD):
        yield Consequence("T4", f"A reward expresses it{where}: it is the expectation of a utility.")
    elif failing:
        yield Consequence("T4", f"No reward expresses it{where}, because it fails {_listed(failing)}.")
    if proved("total", "transitive", "convex") and not proved("interpolation"):
        yield Consequence("T5", f"A vector of rewards compared lexicographically expresses it{where}.")


def _about_policies(report: Report) -> Iterator[Consequence]:
    proved, refuted = report.proved, report.refuted
    if refuted("convex") and proved("total", "transitive", "consistent"):
        statement = "No vector of rewards expresses it on the whole simplex; inside each face one does."
        yield Consequence("T5, T6", statement)
    if proved("preorder", "total", "consistent"):
        statement = "Every finite process has a deterministic optimal policy, found by comparisons backwards in time."
        yield Consequence("T2", statement)
    elif proved("preorder", "consistent"):
        statement = "A policy that no action improves at any history is optimal; there may be none, as ≼ is not total."
        yield Consequence("T1", statement if refuted("total") else statement.split(";")[0] + ".")
    elif proved("preorder") and refuted("consistent"):
        statement = "In some process a policy that no step improves is not optimal: following ≼ can be regretted."
        yield Consequence("T3", statement)
    if refuted("transitive"):
        statement = "There may be no optimal policy; if it is a comparison of probabilities, look for an equilibrium."
        yield Consequence("T8", statement)


def _on_achievable(report: Report) -> Iterator[Consequence]:
    yield from _about_rewards(report, " on the achievable set")
    if report.proved("consistent"):
        statement = (
            "This does not make the optimality condition sound: it compares conditional lotteries, which need not be "
            "achievable. Check the relation over the outcomes for that."
        )
        yield Consequence("T1", statement)


def _on_a_menu(report: Report) -> Iterator[Consequence]:
    if report.proved("preorder", "total"):
        yield Consequence("finite", "Some lottery on the menu is at least as preferred as every other.")
    elif report.proved("acyclic"):
        yield Consequence("finite", "Some lottery on the menu has none that is strictly preferred to it.")
    elif report.refuted("acyclic"):
        yield Consequence(
            "finite", "There is a cycle of strict preferences: from some part of the menu no choice is safe."
        )


def _listed(axioms: list[str]) -> str:
    nouns = {"total": "totality", "transitive": "transitivity", "convex": "independence (it is not convex)"}
    named = [nouns.get(axiom, axiom) for axiom in axioms]
    return " and ".join(named) if len(named) < 3 else ", ".join(named[:-1]) + " and " + named[-1]
