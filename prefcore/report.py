"""The report of a check: a table, its counterexamples in words, and what the theorems conclude.

Consequences cite the theorems of [CPP24] and their relatives by the project's numbers T1-T9.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from prefcore.certificates import save_certificate, write_atomically
from prefcore.claims import BlackBox
from prefcore.evidence import (
    Both,
    ClosedAndTotal,
    Counterexample,
    EndPoints,
    Evidence,
    FixedWitnesses,
    Matching,
    Refutation,
    ValueOrder,
)
from prefcore.formula import Formula
from prefcore.relations import Relation
from prefcore.verdicts import Proved, Refuted, Unknown, Verdict
from prefcore.words import in_words

STATEMENTS = {
    "reflexive": "A ≼ A",
    "transitive": "A ≼ B and B ≼ C imply A ≼ C",
    "preorder": "reflexive and transitive",
    "total": "A ≼ B or B ≼ A",
    "consistent": "A ≼ B implies αA+(1-α)C ≼ αB+(1-α)C",
    "convex": "A ≼ B if and only if αA+(1-α)C ≼ αB+(1-α)C",
    "interpolation": "A ≼ B ≼ C implies αA+(1-α)C ~ B for some α in [0, 1]",
    "interpolation_open": "A ≼ B ≼ C implies αA+(1-α)C ~ B for some α in (0, 1)",
}


@dataclass(frozen=True, slots=True)
class Consequence:
    """What a theorem concludes from the verdicts."""

    theorem: str
    statement: str

    def __str__(self) -> str:
        return f"{self.statement} [{self.theorem}]"


@dataclass(frozen=True, slots=True)
class Section:
    """A part that another package adds to a report: a title, its text, and an optional inline SVG picture."""

    title: str
    text: str
    svg: str = ""


@dataclass(frozen=True, slots=True)
class Report(Mapping[str, Verdict]):
    """The verdicts of one relation on the simplex over some outcomes; a mapping from the axiom's name."""

    relation: Relation[Any]
    outcomes: tuple[Any, ...]
    traced: Formula | BlackBox | None
    verdicts: Mapping[str, Verdict]
    sections: tuple[Section, ...] = ()
    title: str = ""

    def __getitem__(self, axiom: str) -> Verdict:
        if axiom not in self.verdicts:
            raise KeyError(f"{axiom!r} was not checked: this report has {', '.join(self.verdicts)}")
        return self.verdicts[axiom]

    def __iter__(self) -> Iterator[str]:
        return iter(self.verdicts)

    def __len__(self) -> int:
        return len(self.verdicts)

    def proved(self, *axioms: str) -> bool:
        """Whether all of these axioms are proved."""
        return all(isinstance(self.verdicts.get(axiom), Proved) for axiom in axioms)

    def refuted(self, axiom: str) -> bool:
        """Whether the axiom is refuted."""
        return isinstance(self.verdicts.get(axiom), Refuted)

    @property
    def consequences(self) -> tuple[Consequence, ...]:
        """What the theorems conclude from these verdicts, for the simplex over these outcomes."""
        return consequences(self)

    def titled(self, title: str) -> Report:
        """The report under a title of its own; without one it bears the relation's name."""
        return replace(self, title=title)

    def with_section(self, title: str, text: str, svg: str = "") -> Report:
        """The report with one more section at its end."""
        return replace(self, sections=(*self.sections, Section(title, text, svg)))

    def __str__(self) -> str:
        width = max(len(axiom) for axiom in self.verdicts)
        first: dict[str, str] = {}  # where a reason for not knowing was told
        lines = [f"{self.title or self.relation.name} (over {_count(len(self.outcomes), 'outcome')})", ""]
        for axiom, verdict in self.verdicts.items():
            mark = {Proved: "proved ", Refuted: "refuted", Unknown: "unknown"}[type(verdict)]
            told = first.setdefault(verdict.reason, axiom) if isinstance(verdict, Unknown) else axiom
            lines.append(f"  {axiom:<{width}}  {mark}  {summary(verdict) if told == axiom else f'as for {told}'}")
        stories = [(a, v.evidence) for a, v in self.verdicts.items() if isinstance(v, Refuted) and a != "preorder"]
        if stories:
            lines += ["", "Counterexamples"]
            lines += [f"  {a}: {in_words(a, e, self.relation)}" for a, e in stories if isinstance(e, Counterexample)]
        if self.consequences:
            lines += ["", "What follows", *(f"  {c}" for c in self.consequences)]
        for section in self.sections:
            lines += ["", section.title, *(f"  {line}" for line in section.text.splitlines())]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        from prefcore import page  # drawn only when somebody looks

        return page.fragment(self)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes one self-contained HTML page: the table, the counterexamples, the pictures."""
        from prefcore import page

        return write_atomically(path, page.document(self))

    def save_certificates(self, folder: str | os.PathLike[str]) -> list[Path]:
        """Writes ``AXIOM.json`` for each axiom that was proved or refuted, for ``prefcore verify``."""
        return [
            save_certificate(verdict, Path(folder) / f"{axiom}.json")
            for axiom, verdict in self.verdicts.items()
            if isinstance(verdict, (Proved, Refuted)) and not isinstance(self.traced, BlackBox)
        ]


def summary(verdict: Verdict) -> str:
    """One line on what a verdict rests on."""
    if isinstance(verdict, Unknown):
        return f"{verdict.reason} ({verdict.budget:.1f} s); {verdict.advice}"
    if isinstance(verdict, Refuted):
        return "by a counterexample"
    return _grounds(verdict.evidence)


def _grounds(evidence: Evidence) -> str:
    match evidence:
        case ValueOrder():
            return "it compares a value, V(A) <= V(B)"
        case Refutation(_, lemmas, steps):
            return f"by {_count(len(lemmas), 'Farkas lemma')} and {_count(len(steps), 'step')}"
        case ClosedAndTotal():
            return "T7: closed and total"
        case EndPoints(refutation):
            return f"α = 0 or 1 serves, {_grounds(refutation)}"
        case Matching(_, span, match):
            both = len(span.lemmas) + len(match.lemmas)
            return f"the α that matches a functional of B serves, by {_count(both, 'Farkas lemma')}"
        case FixedWitnesses(alphas, refutation):
            return f"one of α = {', '.join(map(str, alphas))} serves, {_grounds(refutation)}"
        case Both():
            return "both proved"
        case _:
            return type(evidence).__name__


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}{'' if n == 1 else 's'}"


# -- consequences ---------------------------------------------------------------------------------------------------


def consequences(report: Report) -> tuple[Consequence, ...]:
    """What follows on the simplex over the report's outcomes, and for any process with such outcomes."""
    proved, refuted = report.proved, report.refuted
    result: list[Consequence] = []
    for_reward = ("total", "transitive", "convex", "interpolation")
    failing = [axiom for axiom in for_reward if refuted(axiom)]
    if proved(*for_reward):
        result.append(Consequence("T4", "A reward expresses it: it is the expectation of a utility."))
    elif failing:
        result.append(Consequence("T4", f"No reward expresses it, because it fails {_listed(failing)}."))
    if proved("total", "transitive", "convex") and not proved("interpolation"):
        statement = "A vector of rewards compared lexicographically expresses it."
        result.append(Consequence("T5", statement))
    elif refuted("convex") and proved("total", "transitive", "consistent"):
        statement = "No vector of rewards expresses it on the whole simplex; inside each face one does."
        result.append(Consequence("T5, T6", statement))
    if proved("preorder", "total", "consistent"):
        statement = "Every finite process has a deterministic optimal policy, found by comparisons backwards in time."
        result.append(Consequence("T2", statement))
    elif proved("preorder", "consistent"):
        statement = "A policy that no action improves at any history is optimal; there may be none, as ≼ is not total."
        result.append(Consequence("T1", statement if refuted("total") else statement.split(";")[0] + "."))
    elif proved("preorder") and refuted("consistent"):
        statement = "In some process a policy that no step improves is not optimal: following ≼ can be regretted."
        result.append(Consequence("T3", statement))
    if refuted("transitive"):
        statement = "There may be no optimal policy; if it is a comparison of probabilities, look for an equilibrium."
        result.append(Consequence("T8", statement))
    return tuple(result)


def _listed(axioms: list[str]) -> str:
    nouns = {"total": "totality", "transitive": "transitivity", "convex": "independence (it is not convex)"}
    named = [nouns.get(axiom, axiom) for axiom in axioms]
    return " and ".join(named) if len(named) < 3 else ", ".join(named[:-1]) + " and " + named[-1]
