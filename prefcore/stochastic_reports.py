"""The reports of ``check_pairwise`` and ``check_choice``: the verdicts, and their counterexamples in words."""

from __future__ import annotations

import html
import os
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from prefcore.by_axiom import ByAxiom
from prefcore.certificates import write_atomically
from prefcore.probabilities import ROUNDING, counted, shown_number
from prefcore.stochastic import HALF, TRANSITIVITY
from prefcore.verdicts import Proved, Refuted, Unknown, Verdict

STATEMENTS = {
    "weak_stochastic_transitivity": "P_ij ≥ 1/2 and P_jk ≥ 1/2 imply P_ik ≥ 1/2",
    "moderate_stochastic_transitivity": "P_ij ≥ 1/2 and P_jk ≥ 1/2 imply P_ik ≥ min(P_ij, P_jk)",
    "strong_stochastic_transitivity": "P_ij ≥ 1/2 and P_jk ≥ 1/2 imply P_ik ≥ max(P_ij, P_jk)",
    "triangle_inequality": "P_ij + P_jk ≥ P_ik",
    "product_rule": "P_ij P_jk P_ki = P_ji P_kj P_ik",
    "regularity": "x in S ⊂ T implies P(x, S) ≥ P(x, T)",
    "independence_of_irrelevant_alternatives": "x, y in S and in T imply P(x, S) P(y, T) = P(y, S) P(x, T)",
}
_MARKS: dict[type, str] = {Proved: "proved", Refuted: "refuted", Unknown: "unknown"}


@dataclass(frozen=True, slots=True)
class PairwiseReport(ByAxiom):
    """The verdicts on one matrix of pairwise probabilities; a mapping from the axiom's name.

    `matrix` is what was checked: exact, with ``P + Pᵀ = 1``; `notes` says where it is not what was given.
    """

    names: tuple[Any, ...]
    matrix: tuple[tuple[Fraction, ...], ...]
    verdicts: Mapping[str, Verdict]
    notes: tuple[str, ...] = ()
    rounded: bool = False  # whether a float was among the probabilities

    @property
    def title(self) -> str:
        return f"pairwise probabilities of {counted(len(self.names), 'item')}"

    def in_words(self, axiom: str) -> str:
        """The counterexample to a refuted axiom as a sentence."""
        return _triple_in_words(self, axiom)

    def __str__(self) -> str:
        return _as_text(self)

    def _repr_html_(self) -> str:
        return _as_html(self, _drawn(self))

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes one self-contained HTML page."""
        return write_atomically(path, f'<!doctype html>\n<meta charset="utf-8">\n{self._repr_html_()}\n')


@dataclass(frozen=True, slots=True)
class ChoiceReport(ByAxiom):
    """The verdicts on choice probabilities from menus; a mapping from the axiom's name.

    `menus` lists the items of each menu, `probabilities` those of the items in that order, exactly.
    """

    names: tuple[Any, ...]
    menus: tuple[tuple[Any, ...], ...]
    probabilities: tuple[tuple[Fraction, ...], ...]
    verdicts: Mapping[str, Verdict]
    notes: tuple[str, ...] = ()
    rounded: bool = False  # whether a float was among the probabilities

    @property
    def title(self) -> str:
        return f"choice among {counted(len(self.names), 'item')} from {counted(len(self.menus), 'menu')}"

    def in_words(self, axiom: str) -> str:
        """The counterexample to a refuted axiom as a sentence."""
        return _menus_in_words(self, axiom)

    def __str__(self) -> str:
        return _as_text(self)

    def _repr_html_(self) -> str:
        return _as_html(self)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes one self-contained HTML page."""
        return write_atomically(path, f'<!doctype html>\n<meta charset="utf-8">\n{self._repr_html_()}\n')


def _counterexample(report: PairwiseReport | ChoiceReport, axiom: str) -> Any:
    verdict = report[axiom]
    if not isinstance(verdict, Refuted):
        raise ValueError(f"{axiom} was not refuted, so there is no counterexample to tell")
    return verdict.evidence


def _triple_in_words(report: PairwiseReport, axiom: str) -> str:
    P, names, at = report.matrix, report.names, _counterexample(report, axiom)
    x, y, z = (str(names[m]) for m in (at.i, at.j, at.k))
    p, q, r = P[at.i][at.j], P[at.j][at.k], P[at.i][at.k]
    if axiom == "product_rule":
        there, back = p * q * (1 - r), (1 - p) * (1 - q) * r
        round_trip = f"the cycle {x} over {y} over {z} over {x} has the product {shown_number(there)}"
        return f"{round_trip}, its reverse {shown_number(back)}{_gap(report, abs(there - back))}"
    if axiom == "triangle_inequality":
        parts = f"{x} over {y} has {shown_number(p)} and {y} over {z} {shown_number(q)}, together {shown_number(p + q)}"
        return f"{parts}, yet {x} over {z} has {shown_number(r)}{_gap(report, r - p - q)}"
    needed = (HALF, min(p, q), max(p, q))[TRANSITIVITY.index(axiom)]
    premises = f"{x} over {y} has {shown_number(p)} and {y} over {z} {shown_number(q)}"
    direct = f"{x} over {z} has {shown_number(r)}, not {shown_number(needed)} or more"
    return f"{premises}, yet {direct}{_gap(report, needed - r)}"


def _menus_in_words(report: ChoiceReport, axiom: str) -> str:
    at = _counterexample(report, axiom)

    def menu(m: int) -> str:
        return f"{{{', '.join(map(str, report.menus[m]))}}}"

    def probability(item: Any, m: int) -> Fraction:
        return report.probabilities[m][report.menus[m].index(item)]

    x = report.names[at.item]
    if axiom == "regularity":
        less, more = probability(x, at.smaller), probability(x, at.larger)
        chosen = f"{x} is chosen from {menu(at.smaller)} with {shown_number(less)}"
        return f"{chosen}, yet from the larger {menu(at.larger)} with {shown_number(more)}{_gap(report, more - less)}"
    y = report.names[at.other]
    (p, q), (r, s) = ((probability(x, m), probability(y, m)) for m in (at.first, at.second))
    first, second = (f"{shown_number(a)} : {shown_number(b)}" for a, b in ((p, q), (r, s)))
    told = f"{x} to {y} is {first} in {menu(at.first)}, yet {second} in {menu(at.second)}"
    return f"{told}{_gap(report, abs(p * s - q * r))}"


def _gap(report: PairwiseReport | ChoiceReport, gap: Fraction) -> str:
    """A warning where the violation is no larger than what floats lose."""
    if report.rounded and gap <= ROUNDING:
        return f" (by {float(gap):.1e}: the rounding of the floats that were given may cause it; write exact numbers)"
    return ""


def _as_text(report: PairwiseReport | ChoiceReport) -> str:
    width = max(map(len, report))
    lines = [report.title, ""]
    for axiom, verdict in report.verdicts.items():
        said = f"{verdict.reason}; {verdict.advice}" if isinstance(verdict, Unknown) else STATEMENTS[axiom]
        lines.append(f"  {axiom:<{width}}  {_MARKS[type(verdict)]:<7}  {said}")
    stories = _stories(report)
    if stories:
        lines += ["", "Counterexamples", *(f"  {axiom}: {story}" for axiom, story in stories)]
    if report.notes:
        lines += ["", "Notes", *(f"  {note}" for note in report.notes)]
    return "\n".join(lines)


def _as_html(report: PairwiseReport | ChoiceReport, picture: str = "") -> str:
    from prefcore.pages.elements import MARKS, STYLE  # drawn only when somebody looks

    stories = dict(_stories(report))

    def row(axiom: str, verdict: Verdict) -> str:
        why = f"{verdict.reason}; {verdict.advice}" if isinstance(verdict, Unknown) else stories.get(axiom, "")
        mark, word = MARKS[type(verdict)]
        said = f'<span class="mark" aria-hidden="true">{mark}</span>{word}'
        cells = (html.escape(STATEMENTS[axiom]), said, html.escape(why))
        classes = ("", f' class="verdict {word}"', "")
        tds = "".join(f"<td{c}>{cell}</td>" for c, cell in zip(classes, cells, strict=True))
        return f'<tr><th scope="row">{html.escape(axiom.replace("_", " "))}</th>{tds}</tr>'

    body = "".join(row(axiom, verdict) for axiom, verdict in report.verdicts.items())
    head = "<tr><th>axiom</th><th>statement</th><th>verdict</th><th>counterexample</th></tr>"
    notes = "".join(f"<p>{html.escape(note)}</p>" for note in report.notes)
    title = html.escape(report.title[:1].upper() + report.title[1:])
    table = f"<table><thead>{head}</thead><tbody>{body}</tbody></table>"
    return f'<style>{STYLE}</style><div class="prefcore"><h1>{title}</h1>{table}{notes}{picture}</div>'


def _drawn(report: PairwiseReport) -> str:
    """The matrix as a heat map, or why there is none."""
    from prefcore.heatmap import heatmap
    from prefcore.pages.elements import figure, unique
    from prefcore.pictures.intransitivity import MOST_CELLS

    n = len(report.names)
    if n > MOST_CELLS:
        return f'<p class="quiet">No picture: there are {n} items; up to {MOST_CELLS} are drawn.</p>'
    name = unique("heat", str(report), str(report.matrix))
    caption = "The probability that the row is preferred to the column; the items with the most majorities first."
    return figure(heatmap(report.matrix, list(map(str, report.names)), name=name), caption)


def _stories(report: PairwiseReport | ChoiceReport) -> list[tuple[str, str]]:
    return [(axiom, report.in_words(axiom)) for axiom, v in report.verdicts.items() if isinstance(v, Refuted)]
