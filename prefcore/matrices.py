"""``check_pairwise`` and ``check_choice``: which axioms probabilities of preference or of choice satisfy.

Pairwise: ``P[i][j]`` is the probability that i is preferred to j. Choice: ``P(x, S)`` is the probability that x is
chosen from the menu S. The axioms stand in :mod:`prefcore.stochastic`, which also judges; here a worst violation is
looked for in floats. :mod:`prefcore.probabilities` reads what is given, :mod:`prefcore.stochastic_reports` tells the
verdicts in words. The probabilities are taken as they are: estimates from few answers violate axioms by chance.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from itertools import combinations, permutations
from typing import Any

import numpy as np

from prefcore import kernel
from prefcore.probabilities import ROUNDING, exact_matrix, names_of, read_choices, rows_of
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
from prefcore.stochastic_reports import ChoiceReport, PairwiseReport
from prefcore.verdicts import Proved, Refuted, Unknown, Verdict

__all__ = ["ChoiceReport", "PairwiseReport", "check_choice", "check_pairwise"]

Array = np.ndarray[Any, Any]

MOST_ITEMS = 1000  # the kernel goes through n³ triples
MOST_PIVOTS = 200  # ... one by one for the product rule where a probability is 0
MOST_BITS = 2**31  # of the integers that stand for the probabilities
MOST_MENUS = 5000


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
    rows = rows_of(matrix)
    names = names_of(items, len(rows))
    P, notes, rounded = exact_matrix(rows, names)
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
    items, menus, rows, notes, rounded = read_choices(choices)
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
