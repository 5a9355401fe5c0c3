"""Stochastic preference: axioms of pairwise probabilities and of choice from menus, and their evidence. Trusted.

A matrix P has ``P[i][j]``, the probability that i is preferred to j: ``P_ij + P_ji = 1``, so ``P_ii = 1/2``.
For all i, j, k:

* weak, moderate, strong stochastic transitivity: ``P_ij >= 1/2`` and ``P_jk >= 1/2`` imply that ``P_ik`` is at least
  1/2, ``min(P_ij, P_jk)``, ``max(P_ij, P_jk)``;
* triangle inequality: ``P_ij + P_jk >= P_ik``, that is ``P_ij + P_jk + P_ki >= 1``;
* product rule: ``P_ij P_jk P_ki = P_ji P_kj P_ik``.

A menu S is a set of items, ``P(x, S)`` the probability that x is chosen from it. For all given menus S, T:

* regularity: x in S, S a proper subset of T imply ``P(x, S) >= P(x, T)``;
* independence of irrelevant alternatives: x, y in S and in T imply ``P(x, S) P(y, T) = P(y, S) P(x, T)``.

Sources: docs/pairwise.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, groupby, pairwise, permutations
from operator import add
from typing import Any

TRANSITIVITY = ("weak_stochastic_transitivity", "moderate_stochastic_transitivity", "strong_stochastic_transitivity")
PAIRWISE_AXIOMS = (*TRANSITIVITY, "triangle_inequality", "product_rule")
CHOICE_AXIOMS = ("regularity", "independence_of_irrelevant_alternatives")
HALF = Fraction(1, 2)


@dataclass(frozen=True, slots=True)
class PairwiseAxiom:
    """The matrix of pairwise probabilities satisfies the axiom."""

    matrix: tuple[tuple[Fraction, ...], ...]
    axiom: str


@dataclass(frozen=True, slots=True)
class ChoiceAxiom:
    """The choice probabilities satisfy the axiom. A menu lists items in increasing order; each has its probability."""

    menus: tuple[tuple[int, ...], ...]
    probabilities: tuple[tuple[Fraction, ...], ...]
    axiom: str


@dataclass(frozen=True, slots=True)
class Enumerated:
    """The axiom holds: going through all triples, or all pairs of menus, finds no violation."""


@dataclass(frozen=True, slots=True)
class Triple:
    """The axiom fails for these three items."""

    i: int
    j: int
    k: int


@dataclass(frozen=True, slots=True)
class MenuPair:
    """Regularity fails for an item and two menus, given by their positions."""

    item: int
    smaller: int
    larger: int


@dataclass(frozen=True, slots=True)
class RatioPair:
    """Independence of irrelevant alternatives fails for two items and two menus, given by their positions."""

    item: int
    other: int
    first: int
    second: int


StochasticClaim = PairwiseAxiom | ChoiceAxiom
Violation = Triple | MenuPair | RatioPair
StochasticEvidence = Enumerated | Triple | MenuPair | RatioPair


def check_stochastic(claim: StochasticClaim, evidence: Any) -> bool:
    """Whether `evidence` proves `claim` (True) or refutes it (False). Raises ``EvidenceRejected``, and nothing else."""
    from prefcore.records import EvidenceRejected, conforms  # records knows these types, so not before they are made

    try:
        typed = conforms(claim, StochasticClaim) and conforms(evidence, StochasticEvidence)
        if not typed or not _well_formed(claim):
            raise EvidenceRejected("the claim or the evidence is malformed")
        if isinstance(evidence, Enumerated):
            found = violation(claim)
            if found is not None:
                raise EvidenceRejected(f"the axiom fails: {found}")
            return True
        if not _fails_at(claim, evidence):
            raise EvidenceRejected("the axiom does not fail at this counterexample")
        return False
    except EvidenceRejected:
        raise
    except Exception as error:  # a record that lies about itself
        raise EvidenceRejected(f"checking the evidence raised {type(error).__name__}: {error}") from error


def _well_formed(claim: StochasticClaim) -> bool:
    if isinstance(claim, PairwiseAxiom):
        P, n = claim.matrix, len(claim.matrix)
        square = n > 0 and all(len(row) == n for row in P) and claim.axiom in PAIRWISE_AXIOMS
        return square and all(
            P[i][j] >= 0 <= P[j][i] and P[i][j] + P[j][i] == 1 for i in range(n) for j in range(i + 1)
        )
    menus, rows = claim.menus, claim.probabilities
    return (
        claim.axiom in CHOICE_AXIOMS
        and 0 < len(menus) == len(set(menus)) == len(rows)
        and all(menu and menu[0] >= 0 and all(x < y for x, y in pairwise(menu)) for menu in menus)
        and all(len(row) == len(menu) for menu, row in zip(menus, rows, strict=True))
        and all(min(row) >= 0 and sum(row) == 1 for row in rows)
    )


def _fails_at(claim: StochasticClaim, evidence: Violation) -> bool:
    """Whether the counterexample is one, by the axiom's own words. An index beyond the end raises ``IndexError``."""
    match claim, evidence:
        case PairwiseAxiom(P, axiom), Triple(i, j, k) if min(i, j, k) >= 0:
            p, q, r = P[i][j], P[j][k], P[i][k]
            if axiom == "triangle_inequality":
                return p + q < r
            if axiom == "product_rule":
                return p * q * P[k][i] != P[j][i] * P[k][j] * r
            return p >= HALF and q >= HALF and r < (HALF, min(p, q), max(p, q))[TRANSITIVITY.index(axiom)]
        case ChoiceAxiom(_, _, "regularity"), MenuPair(x, s, t) if min(s, t) >= 0:
            S, T = _probabilities(claim, s), _probabilities(claim, t)
            return x in S and S.keys() < T.keys() and S[x] < T[x]
        case ChoiceAxiom(_, _, axiom), RatioPair(x, y, s, t) if min(s, t) >= 0:
            S, T = _probabilities(claim, s), _probabilities(claim, t)
            shared = axiom != "regularity" and {x, y} <= S.keys() & T.keys()
            return shared and S[x] * T[y] != S[y] * T[x]
    return False


def _probabilities(claim: ChoiceAxiom, menu: int) -> dict[int, Fraction]:
    return dict(zip(claim.menus[menu], claim.probabilities[menu], strict=True))


# -- going through them all -----------------------------------------------------------------------------------------


def violation(claim: StochasticClaim) -> Violation | None:
    """A violation of a well-formed claim's axiom, if there is one."""
    if isinstance(claim, ChoiceAxiom):
        return _menu_violation(claim)
    if claim.axiom == "product_rule":
        return _off_product(claim.matrix)
    values, half = _integers(claim.matrix)
    if claim.axiom == "triangle_inequality":
        return _off_triangle(values, 2 * half)
    return _intransitive(values, half, TRANSITIVITY.index(claim.axiom))


def _integers(matrix: Sequence[Sequence[Fraction]]) -> tuple[list[list[int]], int]:
    """Each p as ``⌈2^b p⌉`` with ``2^b >= 3D³``, D the largest denominator; and ``2^b / 2``, which stands for 1/2.

    This keeps the order: ``p < q`` means ``q - p >= 1/D²``, so their integers differ. Three of them sum to at least 2^b
    iff their p sum to at least 1: rounding up adds less than 3 in all, and a sum below 1 is at most ``1 - 1/D³``.
    """
    b = (3 * max(p.denominator for row in matrix for p in row) ** 3).bit_length()
    return [[-((-p.numerator << b) // p.denominator) for p in row] for row in matrix], 1 << b - 1


def _intransitive(values: list[list[int]], half: int, strength: int) -> Triple | None:
    """For each i and k the set of all j that violate it, as bits."""
    columns = [_above(column, half) for column in zip(*values, strict=True)]
    for i, row in enumerate(values):
        likely, above = _above(row, half)  # the j with P_ij >= 1/2; of them, those with P_ij > P_ik, for each k
        for k, (likely_k, above_k) in enumerate(columns):  # the same for P_jk
            if strength == 0:
                bad = likely & likely_k if row[k] < half else 0
            elif strength == 1:
                bad = above[k] & above_k[i]
            else:
                bad = above[k] & likely_k | likely & above_k[i]
            if bad:
                return Triple(i, bad.bit_length() - 1, k)
    return None


def _above(line: Sequence[int], half: int) -> tuple[int, list[int]]:
    """The positions with at least `half`, as bits; and for each position those of them that exceed its own value."""
    bits, above = 0, [0] * len(line)
    positions = sorted(range(len(line)), key=line.__getitem__, reverse=True)
    for value, group in groupby(positions, key=line.__getitem__):
        tied = list(group)
        for m in tied:
            above[m] = bits
        bits += sum(1 << m for m in tied) if value >= half else 0
    return bits, above


def _off_triangle(values: list[list[int]], one: int) -> Triple | None:
    """``P_ij + P_jk + P_ki >= 1`` reads the same from each of its items: let i be the first of the three."""
    columns = list(zip(*values, strict=True))
    for i, row in enumerate(values):
        tail = row[i:]
        for k in range(i, len(values)):
            if min(map(add, tail, columns[k][i:])) + values[k][i] < one:
                j = next(j for j in range(i, len(values)) if row[j] + values[j][k] + values[k][i] < one)
                return Triple(i, j, k)
    return None


def _off_product(P: Sequence[Sequence[Fraction]]) -> Triple | None:
    """Where no probability is 0, the triples with item 0 suffice: ``P_jk / P_kj`` is then ``P_j0 P_0k / P_0j P_k0``."""
    positive = all(p > 0 for row in P for p in row)
    for i in range(1 if positive else len(P)):
        for j, k in combinations(range(i + 1, len(P)), 2):
            if P[i][j] * P[j][k] * P[k][i] != P[j][i] * P[k][j] * P[i][k]:
                return Triple(i, j, k)
    return None


def _menu_violation(claim: ChoiceAxiom) -> Violation | None:
    tables = [_probabilities(claim, m) for m in range(len(claim.menus))]
    sets = [frozenset(menu) for menu in claim.menus]
    if claim.axiom == "regularity":
        for s, t in permutations(range(len(sets)), 2):
            if sets[s] < sets[t]:
                for x, p in tables[s].items():
                    if p < tables[t][x]:
                        return MenuPair(x, s, t)
        return None
    for s, t in combinations(range(len(sets)), 2):
        for x, y in combinations(sorted(sets[s] & sets[t]), 2):
            if tables[s][x] * tables[t][y] != tables[s][y] * tables[t][x]:
                return RatioPair(x, y, s, t)
    return None
