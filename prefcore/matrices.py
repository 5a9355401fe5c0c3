"""``check_pairwise`` and ``check_choice``: which axioms probabilities of preference or of choice satisfy.

Pairwise: ``P[i][j]`` is the probability that i is preferred to j. Choice: ``P(x, S)`` is the probability that x is
chosen from the menu S. The axioms stand in :mod:`prefcore.stochastic`, which also judges; here the input is read, a
worst violation is looked for in floats, and the verdicts are told in words. The probabilities are taken as they are:
estimates from few answers violate axioms by chance.
"""

from __future__ import annotations

import html
import numbers
import os
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, permutations
from pathlib import Path
from typing import Any

import numpy as np

from prefcore import kernel
from prefcore.certificates import write_atomically
from prefcore.distribution import Distribution, exact
from prefcore.records import EvidenceRejected
from prefcore.stochastic import (
    CHOICE_AXIOMS,
    HALF,
    PAIRWISE_AXIOMS,
    TRANSITIVITY,
    ChoiceAxiom,
    Enumerated,
    MenuPair,
    PairwiseAxiom,
    RatioPair,
    StochasticClaim,
    StochasticEvidence,
    Triple,
    Violation,
    violation,
)
from prefcore.verdicts import Proved, Refuted, Unknown, Verdict

Array = np.ndarray[Any, Any]

STATEMENTS = {
    "weak_stochastic_transitivity": "P_ij ≥ 1/2 and P_jk ≥ 1/2 imply P_ik ≥ 1/2",
    "moderate_stochastic_transitivity": "P_ij ≥ 1/2 and P_jk ≥ 1/2 imply P_ik ≥ min(P_ij, P_jk)",
    "strong_stochastic_transitivity": "P_ij ≥ 1/2 and P_jk ≥ 1/2 imply P_ik ≥ max(P_ij, P_jk)",
    "triangle_inequality": "P_ij + P_jk ≥ P_ik",
    "product_rule": "P_ij P_jk P_ki = P_ji P_kj P_ik",
    "regularity": "x in S ⊂ T implies P(x, S) ≥ P(x, T)",
    "independence_of_irrelevant_alternatives": "x, y in S and in T imply P(x, S) P(y, T) = P(y, S) P(x, T)",
}
ROUNDING = Fraction(1, 10**12)  # how far floats may miss P_ij + P_ji = 1, and what a float's violation should exceed
MOST_ITEMS = 1000  # the kernel goes through n³ triples
MOST_PIVOTS = 200  # ... one by one for the product rule where a probability is 0
MOST_BITS = 2**31  # of the integers that stand for the probabilities
MOST_MENUS = 5000


@dataclass(frozen=True, slots=True)
class PairwiseReport(Mapping[str, Verdict]):
    """The verdicts on one matrix of pairwise probabilities; a mapping from the axiom's name.

    `matrix` is what was checked: exact, with ``P + Pᵀ = 1``; `notes` says where it is not what was given.
    """

    names: tuple[Any, ...]
    matrix: tuple[tuple[Fraction, ...], ...]
    verdicts: Mapping[str, Verdict]
    notes: tuple[str, ...] = ()
    rounded: bool = False  # whether a float was among the probabilities

    def __getitem__(self, axiom: str) -> Verdict:
        return _verdict_on(axiom, self.verdicts)

    def __iter__(self) -> Iterator[str]:
        return iter(self.verdicts)

    def __len__(self) -> int:
        return len(self.verdicts)

    @property
    def title(self) -> str:
        return f"pairwise probabilities of {_count(len(self.names), 'item')}"

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
class ChoiceReport(Mapping[str, Verdict]):
    """The verdicts on choice probabilities from menus; a mapping from the axiom's name.

    `menus` lists the items of each menu, `probabilities` those of the items in that order, exactly.
    """

    names: tuple[Any, ...]
    menus: tuple[tuple[Any, ...], ...]
    probabilities: tuple[tuple[Fraction, ...], ...]
    verdicts: Mapping[str, Verdict]
    notes: tuple[str, ...] = ()
    rounded: bool = False  # whether a float was among the probabilities

    def __getitem__(self, axiom: str) -> Verdict:
        return _verdict_on(axiom, self.verdicts)

    def __iter__(self) -> Iterator[str]:
        return iter(self.verdicts)

    def __len__(self) -> int:
        return len(self.verdicts)

    @property
    def title(self) -> str:
        return f"choice among {_count(len(self.names), 'item')} from {_count(len(self.menus), 'menu')}"

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


def check_pairwise(
    matrix: Sequence[Sequence[Any]] | Array,
    items: Iterable[Hashable] | None = None,
    axioms: Sequence[str] | None = None,
) -> PairwiseReport:
    """Decides axioms of pairwise probabilities: ``matrix[i][j]`` is the probability that i is preferred to j.

    matrix: n rows of n numbers in [0, 1] with 1/2 on the diagonal: ints, Fractions, Decimals, "1/3" or floats, nested
    or as an array. ``P[i][j] + P[j][i] = 1`` must hold exactly, or within 1e-12 where one of the two is a float. Floats
    are the dyadic numbers they store; a pair that misses 1 is replaced by ``(P + 1 - Pᵀ)/2``, as the notes then say.
    items: their names; 0, …, n-1 by default. axioms: names from ``weak_``, ``moderate_`` and
    ``strong_stochastic_transitivity``, ``triangle_inequality`` and ``product_rule``; all by default.

    A refuted axiom has a ``Triple`` of positions as its evidence, with the largest violation, to within 1e-12.
    Time grows with n³, to about 10 s for n = 500; beyond 1000 items the verdicts are ``Unknown``.

    Raises ``ValueError``/``TypeError`` that name the entry, pair, item or axiom at fault.
    """
    named = _axiom_names(axioms, PAIRWISE_AXIOMS)
    rows = _rows(matrix)
    names = _item_names(items, len(rows))
    P, notes, rounded = _exact_matrix(rows, names)
    floats = np.array([[float(p) for p in row] for row in P])
    likely = np.array([[p >= HALF for p in row] for row in P])
    verdicts: dict[str, Verdict] = {}
    for axiom in named:
        claim = PairwiseAxiom(P, axiom)
        refusal = _too_large(claim)
        if refusal:
            verdicts[axiom] = Unknown(None, refusal, "check a part of the items", 0.0)
        else:
            verdicts[axiom] = _decided(claim, *_worst_triple(floats, likely, axiom))
    return PairwiseReport(names, P, verdicts, notes, rounded)


def check_choice(
    choices: Mapping[Any, Mapping[Any, Any]],
    axioms: Sequence[str] | None = None,
) -> ChoiceReport:
    """Decides axioms of choice probabilities: ``choices[S][x]`` is the probability that x is chosen from the menu S.

    choices: from menus (frozensets or tuples of items) to mappings from their items to probabilities, read as a
    :class:`prefcore.Distribution` reads them; an item without one has 0. axioms: ``regularity`` and
    ``independence_of_irrelevant_alternatives``; both by default. Only the given menus are compared.

    A refuted axiom has a ``MenuPair`` or a ``RatioPair`` as its evidence, with the largest violation; its menus and
    items are positions in the report's `menus` and `names`. Time grows with the square of the number of menus.

    Raises ``ValueError``/``TypeError`` that name the menu, item or axiom at fault.
    """
    named = _axiom_names(axioms, CHOICE_AXIOMS)
    items, menus, rows, notes, rounded = _read_choices(choices)
    labels = tuple(tuple(items[x] for x in menu) for menu in menus)
    verdicts: dict[str, Verdict] = {}
    for axiom in named:
        claim = ChoiceAxiom(menus, rows, axiom)
        if len(menus) > MOST_MENUS:
            reason = f"{len(menus)} menus are more than the {MOST_MENUS} whose pairs are gone through"
            verdicts[axiom] = Unknown(None, reason, "check a part of the menus", 0.0)
        else:
            verdicts[axiom] = _decided(claim, *_worst_menus(claim))
    return ChoiceReport(items, labels, rows, verdicts, notes, rounded)


# -- verdicts -------------------------------------------------------------------------------------------------------


def _verdict(claim: StochasticClaim, evidence: StochasticEvidence) -> Proved | Refuted:
    """The judge's verdict; raises ``EvidenceRejected``."""
    return kernel.check(claim, evidence)


def _decided(claim: StochasticClaim, worst: Violation | None, gap: float) -> Verdict:
    """By the worst violation that floats show; else by going through all, where the gap may be below their rounding."""
    if worst is not None and gap > ROUNDING:
        try:
            return _verdict(claim, worst)
        except EvidenceRejected:
            pass
    try:
        return _verdict(claim, Enumerated())
    except EvidenceRejected:
        found = violation(claim)
        assert found is not None
        return _verdict(claim, found)


def _too_large(claim: PairwiseAxiom) -> str:
    """Why the kernel should not be asked, if so."""
    P, n = claim.matrix, len(claim.matrix)
    bits = n * n * 3 * max(p.denominator for row in P for p in row).bit_length()
    if n > MOST_ITEMS:
        return f"{n} items are more than the {MOST_ITEMS} whose triples are gone through"
    if bits > MOST_BITS:
        return "the probabilities have too many digits for so many items"
    if claim.axiom == "product_rule" and n > MOST_PIVOTS and any(p == 0 for row in P for p in row):
        return f"with a probability of 0 the triples of at most {MOST_PIVOTS} items are gone through, not of {n}"
    return ""


def _worst_triple(p: Array, likely: Array, axiom: str) -> tuple[Triple | None, float]:
    """The triple that violates the axiom most, and by how much, as floats see it; `likely` is ``P >= 1/2``, exactly."""
    found, worst = None, 0.0
    for i in range(len(p)):
        first, direct = p[i][:, None], p[i][None, :]
        if axiom == "triangle_inequality":
            gap = direct - first - p
        elif axiom == "product_rule":
            gap = np.abs(first * p * p[:, i][None, :] - p[:, i][:, None] * p.T * direct)
        else:
            strength = TRANSITIVITY.index(axiom)
            needed = 0.5 if strength == 0 else np.minimum(first, p) if strength == 1 else np.maximum(first, p)
            gap = np.where(likely[i][:, None] & likely, needed - direct, 0.0)
        j, k = divmod(int(gap.argmax()), len(p))
        if gap[j, k] > worst:
            found, worst = Triple(i, j, k), float(gap[j, k])
    return found, worst


def _worst_menus(claim: ChoiceAxiom) -> tuple[Violation | None, float]:
    """The item or items and the menus that violate the axiom most, and by how much, as floats see it."""
    tables = [
        dict(zip(menu, map(float, row), strict=True))
        for menu, row in zip(claim.menus, claim.probabilities, strict=True)
    ]
    sets = [frozenset(menu) for menu in claim.menus]
    found: Violation | None = None
    worst = 0.0
    if claim.axiom == "regularity":
        for s, t in permutations(range(len(sets)), 2):
            if sets[s] < sets[t]:
                for x, p in tables[s].items():
                    if tables[t][x] - p > worst:
                        found, worst = MenuPair(x, s, t), tables[t][x] - p
        return found, worst
    for s, t in combinations(range(len(sets)), 2):
        S, T = tables[s], tables[t]
        for x, y in combinations(sorted(sets[s] & sets[t]), 2):
            gap = abs(S[x] * T[y] - S[y] * T[x])
            if gap > worst:
                found, worst = RatioPair(x, y, s, t), gap
    return found, worst


# -- what is given --------------------------------------------------------------------------------------------------


def _axiom_names(axioms: Sequence[str] | None, known: tuple[str, ...]) -> tuple[str, ...]:
    if isinstance(axioms, str):
        raise TypeError(f"axioms must be a sequence of names, got {axioms!r}: write [{axioms!r}]")
    named = known if axioms is None else tuple(axioms)
    if not named:
        raise ValueError("axioms must name at least one axiom")
    for axiom in named:
        if axiom not in known:
            raise ValueError(f"unknown axiom {axiom!r}: choose from {', '.join(known)}")
    return named


def _is_float(value: object) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, numbers.Rational)


def _rows(matrix: object) -> list[list[Any]]:
    if isinstance(matrix, np.ndarray):
        if matrix.ndim != 2:
            raise ValueError(f"matrix must have two dimensions, got an array of shape {matrix.shape}")
        matrix = matrix.tolist()
    if isinstance(matrix, (str, Mapping, Set)) or not isinstance(matrix, Iterable):
        raise TypeError(f"matrix must be nested sequences or a numpy array, got {type(matrix).__name__}")
    rows = []
    for i, row in enumerate(matrix):
        if isinstance(row, (str, Mapping, Set)) or not isinstance(row, Iterable):
            raise TypeError(f"row {i} of the matrix must be a sequence of numbers, got {row!r}")
        rows.append(list(row))
    if not rows:
        raise ValueError("matrix must have at least one row, got none")
    for i, row in enumerate(rows):
        if len(row) != len(rows):
            raise ValueError(f"matrix must be square: it has {len(rows)} rows, but row {i} has {len(row)} entries")
    return rows


def _item_names(items: Iterable[Hashable] | None, n: int) -> tuple[Any, ...]:
    if items is None:
        return tuple(range(n))
    if isinstance(items, (str, Set)) or not isinstance(items, Iterable):
        raise TypeError(f"items must be a sequence of names in the order of the rows, got {items!r}")
    names = tuple(items)
    if len(names) != n:
        raise ValueError(f"items must name each of the {n} rows, got {len(names)} names")
    _no_repeats(names, "items")
    return names


def _no_repeats(names: tuple[Any, ...], what: str) -> None:
    seen = set()
    for name in names:
        if not isinstance(name, Hashable):
            raise TypeError(f"{what} must have hashable names, got {name!r}")
        if name in seen:
            raise ValueError(f"{what} must differ, but {name!r} is given twice")
        seen.add(name)


def _exact_matrix(
    rows: list[list[Any]], names: tuple[Any, ...]
) -> tuple[tuple[tuple[Fraction, ...], ...], tuple[str, ...], bool]:
    """The probabilities exactly, what was changed to make ``P + Pᵀ = 1``, and whether a float was among them."""
    n = len(rows)
    P = [[exact(x, f"P[{names[i]!r}, {names[j]!r}]") for j, x in enumerate(row)] for i, row in enumerate(rows)]
    changes: list[Fraction] = []
    for i in range(n):
        if P[i][i] != HALF:
            raise ValueError(f"P[{names[i]!r}, {names[i]!r}] is {rows[i][i]}: put 1/2 on the diagonal")
        for j in range(i):
            for a, b in ((i, j), (j, i)):
                if not 0 <= P[a][b] <= 1:
                    raise ValueError(
                        f"P[{names[a]!r}, {names[b]!r}] is {rows[a][b]}, no probability: of counts, give the shares"
                    )
            excess = P[i][j] + P[j][i] - 1
            if excess == 0:
                continue
            if abs(excess) > ROUNDING or not (_is_float(rows[i][j]) or _is_float(rows[j][i])):
                raise ValueError(
                    f"P[{names[j]!r}, {names[i]!r}] + P[{names[i]!r}, {names[j]!r}] must be 1, "
                    f"got {rows[j][i]} + {rows[i][j]} = {_number(1 + excess)}"
                )
            changes.append(abs(excess) / 2)
            P[i][j] = (P[i][j] + 1 - P[j][i]) / 2
            P[j][i] = 1 - P[i][j]
    notes: tuple[str, ...] = ()
    if changes:
        of = f"{len(changes)} of {_count(n * (n - 1) // 2, 'pair')}"
        notes = (f"P + Pᵀ = 1 up to rounding only: (P + 1 - Pᵀ)/2 in {of}, by {float(max(changes)):.1e} at most",)
    return tuple(map(tuple, P)), notes, any(_is_float(x) and x != 0.5 for row in rows for x in row)


def _read_choices(
    choices: object,
) -> tuple[tuple[Any, ...], tuple[tuple[int, ...], ...], tuple[tuple[Fraction, ...], ...], tuple[str, ...], bool]:
    """The items, each menu's positions in them, the probabilities, what was changed, and whether a float was given."""
    if not isinstance(choices, Mapping):
        raise TypeError(f"choices must map menus to {{item: probability}}, got {type(choices).__name__}")
    if not choices:
        raise ValueError("choices must have at least one menu, got none")
    position: dict[Any, int] = {}
    found: dict[tuple[int, ...], tuple[Fraction, ...]] = {}
    renormalised, rounded = 0, False
    for menu, probabilities in choices.items():
        if not isinstance(menu, (tuple, frozenset)):
            raise TypeError(f"a menu is a tuple or a frozenset of items, got {menu!r}")
        listed = tuple(sorted(menu, key=repr)) if isinstance(menu, frozenset) else menu
        if not listed:
            raise ValueError("a menu must have at least one item, got the empty one")
        _no_repeats(listed, f"the items of menu {listed}")
        if not isinstance(probabilities, (Mapping, Distribution)):
            raise TypeError(f"the choices from menu {listed} must be {{item: probability}}, got {probabilities!r}")
        given = dict(probabilities.items())
        for item in given:
            if item not in listed:
                raise ValueError(f"{item!r} has a probability, but is not in menu {listed}")
        try:
            lottery = Distribution(given)
        except (ValueError, TypeError) as error:
            raise type(error)(f"the choices from menu {listed}: {error}") from error
        renormalised += lottery.renormalised
        rounded = rounded or any(_is_float(p) for p in given.values())
        for item in listed:
            position.setdefault(item, len(position))
        ordered = sorted(listed, key=position.__getitem__)
        key = tuple(position[item] for item in ordered)
        if key in found:
            raise ValueError(f"menu {listed} is given twice, as the order of its items does not matter")
        found[key] = tuple(lottery[item] for item in ordered)
    note = f"the probabilities of {_count(renormalised, 'menu')} summed to 1 up to rounding only and were scaled"
    notes = (note,) if renormalised else ()
    return tuple(position), tuple(found), tuple(found.values()), notes, rounded


# -- in words -------------------------------------------------------------------------------------------------------


def _verdict_on(axiom: str, verdicts: Mapping[str, Verdict]) -> Verdict:
    if axiom not in verdicts:
        raise KeyError(f"{axiom!r} was not checked: this report has {', '.join(verdicts)}")
    return verdicts[axiom]


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
        round_trip = f"the cycle {x} over {y} over {z} over {x} has the product {_number(there)}"
        return f"{round_trip}, its reverse {_number(back)}{_gap(report, abs(there - back))}"
    if axiom == "triangle_inequality":
        parts = f"{x} over {y} has {_number(p)} and {y} over {z} {_number(q)}, together {_number(p + q)}"
        return f"{parts}, yet {x} over {z} has {_number(r)}{_gap(report, r - p - q)}"
    needed = (HALF, min(p, q), max(p, q))[TRANSITIVITY.index(axiom)]
    premises = f"{x} over {y} has {_number(p)} and {y} over {z} {_number(q)}"
    return f"{premises}, yet {x} over {z} has {_number(r)}, not {_number(needed)} or more{_gap(report, needed - r)}"


def _menus_in_words(report: ChoiceReport, axiom: str) -> str:
    at = _counterexample(report, axiom)

    def menu(m: int) -> str:
        return f"{{{', '.join(map(str, report.menus[m]))}}}"

    def probability(item: Any, m: int) -> Fraction:
        return report.probabilities[m][report.menus[m].index(item)]

    x = report.names[at.item]
    if axiom == "regularity":
        less, more = probability(x, at.smaller), probability(x, at.larger)
        chosen = f"{x} is chosen from {menu(at.smaller)} with {_number(less)}"
        return f"{chosen}, yet from the larger {menu(at.larger)} with {_number(more)}{_gap(report, more - less)}"
    y = report.names[at.other]
    (p, q), (r, s) = ((probability(x, m), probability(y, m)) for m in (at.first, at.second))
    first, second = (f"{_number(a)} : {_number(b)}" for a, b in ((p, q), (r, s)))
    told = f"{x} to {y} is {first} in {menu(at.first)}, yet {second} in {menu(at.second)}"
    return f"{told}{_gap(report, abs(p * s - q * r))}"


def _gap(report: PairwiseReport | ChoiceReport, gap: Fraction) -> str:
    """A warning where the violation is no larger than what floats lose."""
    if report.rounded and gap <= ROUNDING:
        return f" (by {float(gap):.1e}: the rounding of the floats that were given may cause it; write exact numbers)"
    return ""


def _number(p: Fraction) -> str:
    return str(p) if len(str(p)) <= 9 else f"about {float(p):.6g}"


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}{'' if n == 1 else 's'}"


_MARKS: dict[type, str] = {Proved: "proved", Refuted: "refuted", Unknown: "unknown"}


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
