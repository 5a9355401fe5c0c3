"""Axioms of pairwise probabilities and of choice from menus, against the definitions, published data and forgeries."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from decimal import Decimal
from fractions import Fraction
from itertools import combinations, permutations, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from prefcore.matrices import ChoiceReport, PairwiseReport, check_choice, check_pairwise
from prefcore.records import EvidenceRejected
from prefcore.stochastic import (
    CHOICE_AXIOMS,
    PAIRWISE_AXIOMS,
    ChoiceAxiom,
    Enumerated,
    MenuPair,
    PairwiseAxiom,
    RatioPair,
    Triple,
    check_stochastic,
    violation,
)
from prefcore.stochastic_reports import STATEMENTS
from prefcore.verdicts import Proved, Refuted, Unknown

WEAK, MODERATE, STRONG, TRIANGLE, PRODUCT = PAIRWISE_AXIOMS
REGULARITY, IIA = CHOICE_AXIOMS
HALF = Fraction(1, 2)
Matrix = tuple[tuple[Fraction, ...], ...]


# -- the oracle: the definitions, over all triples and all pairs of menus -------------------------------------------


def shortfall(P: Matrix, axiom: str, i: int, j: int, k: int) -> Fraction:
    """By how much the axiom fails at a triple; 0 or less where it holds."""
    p, q, r = P[i][j], P[j][k], P[i][k]
    if axiom == TRIANGLE:
        return r - (p + q)
    if axiom == PRODUCT:
        return abs(p * q * P[k][i] - P[j][i] * P[k][j] * r)
    if p < HALF or q < HALF:
        return Fraction(0)
    return {WEAK: HALF, MODERATE: min(p, q), STRONG: max(p, q)}[axiom] - r


def worst(P: Matrix, axiom: str) -> Fraction:
    return max(shortfall(P, axiom, *triple) for triple in product(range(len(P)), repeat=3))


def from_upper(n: int, probability: Callable[[int, int], Fraction]) -> Matrix:
    P = [[HALF] * n for _ in range(n)]
    for i, j in combinations(range(n), 2):
        P[i][j] = probability(i, j)
        P[j][i] = 1 - P[i][j]
    return tuple(map(tuple, P))


def bradley_terry(worths: list[int]) -> Matrix:
    return from_upper(len(worths), lambda i, j: Fraction(worths[i], worths[i] + worths[j]))


def random_matrices() -> Iterator[Matrix]:
    """Coarse grids make ties and zeros frequent; strengths of a random order make each axiom hold at times."""
    rng = random.Random(7)
    for trial in range(400):
        n, grid = rng.randint(1, 6), rng.choice([1, 2, 3, 4, 10, 997])
        if trial % 4 == 0:
            yield from_upper(n, lambda i, j, g=grid: Fraction(rng.randint(0, g), g))  # type: ignore[misc]
        elif trial % 4 == 1:
            yield from_upper(n, lambda i, j, g=grid: Fraction(rng.randint(g, 2 * g), 2 * g))  # type: ignore[misc]
        elif trial % 4 == 2:
            yield bradley_terry([rng.randint(1, 5) for _ in range(n)])
        else:  # a monotone function of differences, at times disturbed by one entry
            place = [rng.randint(0, 4) for _ in range(n)]
            P = [list(row) for row in from_upper(n, lambda i, j, p=place: HALF + Fraction(p[i] - p[j], 8))]  # type: ignore[misc]
            if n > 1 and rng.random() < 0.5:
                i, j = rng.sample(range(n), 2)
                P[i][j] = Fraction(rng.randint(0, 8), 8)
                P[j][i] = 1 - P[i][j]
            yield tuple(map(tuple, P))


@pytest.mark.parametrize("axiom", PAIRWISE_AXIOMS)
def test_matrices_agree_with_all_triples(axiom: str) -> None:
    held = 0
    for P in random_matrices():
        gap = worst(P, axiom)
        report = check_pairwise(P, axioms=[axiom])
        verdict = report[axiom]
        assert report.matrix == P
        if gap > 0:
            assert isinstance(verdict, Refuted), (P, axiom)
            evidence: Any = verdict.evidence
            assert shortfall(P, axiom, evidence.i, evidence.j, evidence.k) >= gap - Fraction(1, 10**12)
            found: Any = violation(PairwiseAxiom(P, axiom))
            assert shortfall(P, axiom, found.i, found.j, found.k) > 0
            with pytest.raises(EvidenceRejected):
                check_stochastic(PairwiseAxiom(P, axiom), Enumerated())
        else:
            held += 1
            assert isinstance(verdict, Proved), (P, axiom)
            assert violation(PairwiseAxiom(P, axiom)) is None
    assert 40 < held < 400  # both answers occur


@pytest.mark.parametrize("axiom", PAIRWISE_AXIOMS)
def test_every_triple_is_accepted_exactly_where_the_axiom_fails(axiom: str) -> None:
    for P in list(random_matrices())[:24]:
        claim = PairwiseAxiom(P, axiom)
        for triple in product(range(-1, len(P) + 1), repeat=3):
            inside = all(0 <= x < len(P) for x in triple)
            if inside and shortfall(P, axiom, *triple) > 0:
                assert check_stochastic(claim, Triple(*triple)) is False
            else:
                with pytest.raises(EvidenceRejected):
                    check_stochastic(claim, Triple(*triple))


@pytest.mark.parametrize("digits", [1, 40])
def test_violations_far_below_the_floats_are_found(digits: int) -> None:
    """One unit in the 300th place decides each of these; rounding to floats sees neither."""
    tiny = Fraction(1, 10 ** (300 * digits))
    third = Fraction(1, 3)
    good = from_upper(3, lambda i, j: {(0, 1): third, (1, 2): third, (0, 2): 2 * third}[i, j])
    bad = from_upper(3, lambda i, j: {(0, 1): third, (1, 2): third, (0, 2): 2 * third + tiny}[i, j])
    assert isinstance(check_pairwise(good)[TRIANGLE], Proved)
    assert isinstance(check_pairwise(bad)[TRIANGLE], Refuted)
    strong = from_upper(3, lambda i, j: 2 * third)
    weak = from_upper(3, lambda i, j: 2 * third - (tiny if j - i == 2 else 0))
    for axiom in (MODERATE, STRONG):
        assert isinstance(check_pairwise(strong)[axiom], Proved)
        assert isinstance(check_pairwise(weak)[axiom], Refuted)
    half = from_upper(3, lambda i, j: HALF - (tiny if j - i == 2 else 0))
    assert isinstance(check_pairwise(half)[WEAK], Refuted)
    worths = from_upper(3, lambda i, j: Fraction(2, 3) if j - i == 1 else Fraction(4, 5))
    almost = from_upper(3, lambda i, j: Fraction(2, 3) if j - i == 1 else Fraction(4, 5) - tiny)
    assert isinstance(check_pairwise(worths)[PRODUCT], Proved)
    assert isinstance(check_pairwise(almost)[PRODUCT], Refuted)


def below_one(primes: tuple[int, int, int]) -> tuple[Fraction, ...]:
    """Fractions with these denominators whose sum is ``1/(d1 d2 d3)`` below a whole number: as near as they can be."""
    whole = primes[0] * primes[1] * primes[2]
    return tuple(Fraction(-pow(whole // d, -1, d) % d, d) for d in primes)


def test_sums_and_orders_as_near_as_their_denominators_allow() -> None:
    rng = random.Random(13)
    primes = [d for d in range(11, 1000) if all(d % m for m in range(2, d))]
    near = 0
    for _ in range(600):
        d = tuple(rng.sample(primes, 3))
        p, q, r = below_one(d)  # type: ignore[arg-type]
        nearest = Fraction(1, d[0] * d[1] * d[2])
        if p + q + r == 1 - nearest:
            near += 1
            P = from_upper(3, lambda i, j, v=(p, q, r): {(0, 1): v[0], (1, 2): v[1], (0, 2): 1 - v[2]}[i, j])  # type: ignore[misc]
            assert shortfall(P, TRIANGLE, 0, 1, 2) == nearest
            assert isinstance(violation(PairwiseAxiom(P, TRIANGLE)), Triple)
            with pytest.raises(EvidenceRejected):
                check_stochastic(PairwiseAxiom(P, TRIANGLE), Enumerated())
        b, c = sorted(d[:2])  # neighbours with the difference 1/bc
        high = 1 - HALF * Fraction(pow(c, -1, b), b)
        low = 1 - HALF * Fraction((pow(c, -1, b) * c - 1) // b, c)
        assert abs(high - low) == HALF / (b * c)
        high, low = max(high, low), min(high, low)
        chain = from_upper(3, lambda i, j, v=(high, low): v[j - i - 1])  # type: ignore[misc]
        for axiom in (MODERATE, STRONG):
            assert violation(PairwiseAxiom(chain, axiom)) == Triple(0, 1, 2)
    assert near > 50


def test_the_product_rule_where_the_first_item_always_wins() -> None:
    """Every triple with item 0 has the products 0; the cycle of the others has not."""
    P = from_upper(4, lambda i, j: Fraction(1) if i == 0 else Fraction(1, 4) if j - i == 2 else Fraction(3, 4))
    evidence: Any = check_pairwise(P)[PRODUCT].evidence  # type: ignore[union-attr]
    assert {evidence.i, evidence.j, evidence.k} == {1, 2, 3}
    with pytest.raises(EvidenceRejected):
        check_stochastic(PairwiseAxiom(P, PRODUCT), Enumerated())


def test_families_have_their_known_classification() -> None:
    luce = check_pairwise(bradley_terry([1, 7, 3, 3, 20, 11]))
    assert all(isinstance(luce[axiom], Proved) for axiom in PAIRWISE_AXIOMS)
    cycle = from_upper(3, lambda i, j: Fraction(1, 4) if j - i == 2 else Fraction(3, 4))  # 0 over 1 over 2 over 0
    assert all(isinstance(check_pairwise(cycle)[axiom], Refuted) for axiom in PAIRWISE_AXIOMS)
    condorcet = from_upper(3, lambda i, j: Fraction(1, 3) if j - i == 2 else Fraction(2, 3))  # three rankings, each 1/3
    report = check_pairwise(condorcet)
    assert isinstance(report[TRIANGLE], Proved) and isinstance(report[WEAK], Refuted)  # random utility, yet a cycle


def share_of_first(weighted: tuple[tuple[int, list[int]], ...], menu: tuple[int, ...], x: int) -> Fraction:
    """How much of the weight is on rankings that put x first in the menu."""
    wins = sum(w for w, ranking in weighted if min(menu, key=ranking.index) == x)
    return Fraction(wins, sum(w for w, _ in weighted))


def test_mixtures_of_rankings_satisfy_the_triangle_inequality_and_regularity() -> None:
    """Block and Marschak: random utility implies both, whatever the weights."""
    rng = random.Random(3)
    for _ in range(10):
        rankings = [rng.sample(range(4), 4) for _ in range(5)]
        weights = [rng.randint(1, 9) for _ in rankings]

        weighted = tuple(zip(weights, rankings, strict=True))
        P = from_upper(4, lambda i, j, w=weighted: share_of_first(w, (i, j), i))  # type: ignore[misc]
        assert isinstance(check_pairwise(P)[TRIANGLE], Proved)
        menus = [menu for size in (1, 2, 3, 4) for menu in combinations(range(4), size)]
        report = check_choice({menu: {x: share_of_first(weighted, menu, x) for x in menu} for menu in menus})
        assert isinstance(report[REGULARITY], Proved)


def test_what_implies_what() -> None:
    for P in random_matrices():
        holds = {axiom: isinstance(verdict, Proved) for axiom, verdict in check_pairwise(P).items()}
        assert holds[STRONG] <= holds[MODERATE] <= holds[WEAK]
        assert holds[MODERATE] <= holds[TRIANGLE]
        if all(p > 0 for row in P for p in row):
            assert holds[PRODUCT] <= holds[STRONG]


# Of 234 people, how many would rather talk for an hour with the row than with the column: Rumelhart and Greeno (1971),
# Similarity between stimuli, Journal of Mathematical Psychology 8, 370-381.
CELEBRITIES = ("LBJ", "HW", "CDG", "JU", "CY", "AJF", "BB", "ET", "SL")
CHOSEN = (
    (0, 159, 163, 175, 183, 179, 173, 160, 142),
    (75, 0, 138, 164, 172, 160, 156, 122, 122),
    (71, 96, 0, 145, 157, 138, 140, 122, 120),
    (59, 70, 89, 0, 176, 115, 124, 86, 61),
    (51, 62, 77, 58, 0, 77, 95, 72, 61),
    (55, 74, 96, 119, 157, 0, 134, 92, 71),
    (61, 78, 94, 110, 139, 100, 0, 67, 48),
    (74, 112, 112, 148, 162, 142, 167, 0, 87),
    (92, 112, 114, 173, 173, 163, 186, 147, 0),
)


def test_published_data() -> None:
    """The R package eba says of these data: "WST and MST hold, but not SST"."""
    P = [[HALF if i == j else Fraction(x, 234) for j, x in enumerate(row)] for i, row in enumerate(CHOSEN)]
    report = check_pairwise(P, CELEBRITIES)
    assert isinstance(report[WEAK], Proved)
    assert isinstance(report[MODERATE], Proved)
    assert isinstance(report[STRONG], Refuted)
    assert isinstance(report[PRODUCT], Refuted)  # similar people break Luce's rule, as the paper found
    told = report.in_words(STRONG)
    assert told == "CDG over SL has 20/39 and SL over BB 31/39, yet CDG over BB has 70/117, not 31/39 or more"


# -- choice from menus ----------------------------------------------------------------------------------------------


def choice_gap(table: dict[tuple[int, ...], dict[int, Fraction]], axiom: str) -> Fraction:
    gaps = [Fraction(0)]
    for (S, p), (T, q) in permutations(table.items(), 2):
        if axiom == REGULARITY and set(S) < set(T):
            gaps += [q[x] - p[x] for x in S]
        if axiom == IIA:
            gaps += [abs(p[x] * q[y] - p[y] * q[x]) for x, y in product(set(S) & set(T), repeat=2)]
    return max(gaps)


def random_choices() -> Iterator[dict[tuple[int, ...], dict[int, Fraction]]]:
    rng = random.Random(11)
    every = [menu for size in (1, 2, 3, 4) for menu in combinations(range(4), size)]
    for trial in range(200):
        worth = [rng.randint(1, 4) for _ in range(4)]
        table = {}
        for menu in rng.sample(every, rng.randint(1, 6)):
            weights = [worth[x] if trial % 2 else rng.randint(0, 3) for x in menu]
            weights[0] += not any(weights)
            table[menu] = {x: Fraction(w, sum(weights)) for x, w in zip(menu, weights, strict=True)}
        yield table


@pytest.mark.parametrize("axiom", CHOICE_AXIOMS)
def test_choices_agree_with_all_pairs_of_menus(axiom: str) -> None:
    held = 0
    for table in random_choices():
        gap, report = choice_gap(table, axiom), check_choice(table, axioms=[axiom])
        verdict = report[axiom]
        held += gap == 0
        assert isinstance(verdict, Proved if gap == 0 else Refuted), table
        if gap:
            evidence: Any = verdict.evidence
            if isinstance(evidence, MenuPair):
                S, T = (tuple(sorted(report.menus[m])) for m in (evidence.smaller, evidence.larger))
                x = report.names[evidence.item]
                assert set(S) < set(T) and table[T][x] - table[S][x] == gap
            else:
                S, T = (tuple(sorted(report.menus[m])) for m in (evidence.first, evidence.second))
                x, y = report.names[evidence.item], report.names[evidence.other]
                found = abs(table[S][x] * table[T][y] - table[S][y] * table[T][x])
                assert abs(found - gap) < Fraction(1, 10**12)
    assert 20 < held < 200


def test_every_pair_of_menus_is_accepted_exactly_where_the_axiom_fails() -> None:
    for table in list(random_choices())[:40]:
        menus = tuple(table)
        rows = tuple(tuple(table[menu][x] for x in menu) for menu in menus)
        indices = range(-1, len(menus) + 1)
        for x, s, t in product(range(-1, 5), indices, indices):
            pair, claim = MenuPair(x, s, t), ChoiceAxiom(menus, rows, REGULARITY)
            agrees(claim, pair)
            for y in (0, 2):
                agrees(replace(claim, axiom=IIA), RatioPair(x, y, s, t))


def agrees(claim: Any, evidence: Any) -> None:
    if really_fails(claim, evidence):
        assert check_stochastic(claim, evidence) is False
    else:
        with pytest.raises(EvidenceRejected):
            check_stochastic(claim, evidence)


def test_the_decoy_effect_breaks_regularity() -> None:
    """Huber, Payne and Puto (1982), the form of it: a dominated decoy raises the share of what dominates it."""
    without, decoyed = {"target": "1/2", "rival": "1/2"}, {"target": "3/5", "rival": "2/5", "decoy": 0}
    report = check_choice({("target", "rival"): without, frozenset({"target", "rival", "decoy"}): decoyed})
    assert isinstance(report[REGULARITY], Refuted) and isinstance(report[IIA], Refuted)
    told = "target is chosen from {target, rival} with 1/2, yet from the larger {target, rival, decoy} with 3/5"
    assert report.in_words(REGULARITY) == told
    assert report.in_words(IIA) == (
        "target to rival is 1/2 : 1/2 in {target, rival}, yet 3/5 : 2/5 in {target, rival, decoy}"
    )


def test_an_item_without_a_probability_has_none() -> None:
    report = check_choice({("a", "b"): {"a": 1}, ("a", "b", "c"): {"a": 1}})
    assert [list(row) for row in report.probabilities] == [[1, 0], [1, 0, 0]]
    assert isinstance(report[REGULARITY], Proved)


# -- forgeries ------------------------------------------------------------------------------------------------------

CYCLE = from_upper(3, lambda i, j: Fraction(1, 4) if j - i == 2 else Fraction(3, 4))
DECOY = (((0, 1), (0, 1, 2)), ((HALF, HALF), (Fraction(3, 5), Fraction(2, 5), Fraction(0))))
ACCEPTED: list[tuple[Any, Any]] = [
    *((PairwiseAxiom(CYCLE, axiom), Triple(0, 1, 2)) for axiom in (WEAK, MODERATE, STRONG, PRODUCT)),
    (PairwiseAxiom(CYCLE, TRIANGLE), Triple(0, 2, 1)),
    (ChoiceAxiom(*DECOY, REGULARITY), MenuPair(0, 0, 1)),
    (ChoiceAxiom(*DECOY, IIA), RatioPair(0, 1, 0, 1)),
]


def really_fails(claim: Any, evidence: Any) -> bool:
    """The oracle's answer on a well-typed counterexample."""
    if isinstance(claim, PairwiseAxiom):
        inside = all(0 <= x < len(claim.matrix) for x in (evidence.i, evidence.j, evidence.k))
        return inside and shortfall(claim.matrix, claim.axiom, evidence.i, evidence.j, evidence.k) > 0
    s, t = (evidence.smaller, evidence.larger) if isinstance(evidence, MenuPair) else (evidence.first, evidence.second)
    if not (0 <= s < len(claim.menus) and 0 <= t < len(claim.menus)):
        return False
    S, T = (dict(zip(claim.menus[m], claim.probabilities[m], strict=True)) for m in (s, t))
    if isinstance(evidence, MenuPair):
        return evidence.item in S and set(S) < set(T) and S[evidence.item] < T[evidence.item]
    x, y = evidence.item, evidence.other
    return x in S and y in S and x in T and y in T and S[x] * T[y] != S[y] * T[x]


@pytest.mark.parametrize(("claim", "evidence"), ACCEPTED)
def test_every_mutation_of_evidence_is_rejected_or_still_a_counterexample(claim: Any, evidence: Any) -> None:
    assert check_stochastic(claim, evidence) is False
    rejected = 0
    for field in fields(evidence):
        for value in (-2, -1, 0, 1, 2, 3, 10**30, True, 0.0, 1.0, None, "0", Fraction(1), (1,)):
            forged = replace(evidence, **{field.name: value})
            if type(value) is int and really_fails(claim, forged):
                assert check_stochastic(claim, forged) is False
            else:
                rejected += 1
                with pytest.raises(EvidenceRejected):
                    check_stochastic(claim, forged)
    assert rejected >= 8 * len(fields(evidence))


@pytest.mark.parametrize(("claim", "evidence"), ACCEPTED)
def test_evidence_of_another_kind_is_rejected(claim: Any, evidence: Any) -> None:
    others: list[Any] = [Enumerated(), Triple(0, 1, 2), Triple(0, 2, 1), MenuPair(0, 0, 1), RatioPair(0, 1, 0, 1)]
    for other in [*others, None, 0, "Enumerated", Enumerated, object()]:
        if type(other) is not type(evidence):
            with pytest.raises(EvidenceRejected):
                check_stochastic(claim, other)


def malformed_claims() -> Iterator[Any]:
    F = Fraction
    good = bradley_terry([1, 2, 3])
    yield from (None, 7, good, "claim")
    for axiom in ("", "transitive", "regularity", None, 3):
        yield PairwiseAxiom(good, axiom)  # type: ignore[arg-type]
        yield ChoiceAxiom(((0, 1),), ((HALF, HALF),), "product_rule" if axiom == "regularity" else axiom)  # type: ignore[arg-type]
    bad_matrices: list[Any] = [
        (),
        ((),),
        ((HALF,), (HALF,)),
        ((HALF, HALF),),
        ((F(1, 3),),),
        ((HALF, F(1, 3)), (F(1, 3), HALF)),
        ((HALF, F(3, 2)), (F(-1, 2), HALF)),
        ((HALF, F(-1, 2)), (F(3, 2), HALF)),
        ((HALF, 0.5), (0.5, HALF)),
        ((HALF, 1), (0, HALF)),
        [[HALF]],
        ([HALF],),
        None,
    ]
    for matrix, axiom in product(bad_matrices, PAIRWISE_AXIOMS):
        yield PairwiseAxiom(matrix, axiom)
    bad_choices: list[Any] = [
        ((), ()),
        (((),), ((),)),
        (((0, 1),), ()),
        (((0, 1),), ((F(1),),)),
        (((1, 0),), ((HALF, HALF),)),
        (((0, 0),), ((HALF, HALF),)),
        (((-1, 0),), ((HALF, HALF),)),
        (((0, 1), (0, 1)), ((HALF, HALF), (HALF, HALF))),
        (((0, 1),), ((HALF, F(1, 3)),)),
        (((0, 1),), ((F(3, 2), F(-1, 2)),)),
        (((0, 1),), ((0.5, 0.5),)),
        ([(0, 1)], ((HALF, HALF),)),
    ]
    for menus, rows in bad_choices:
        yield ChoiceAxiom(menus, rows, REGULARITY)


def test_malformed_claims_prove_and_refute_nothing() -> None:
    for claim in malformed_claims():
        for evidence in (Enumerated(), Triple(0, 1, 0), MenuPair(0, 0, 0), RatioPair(0, 1, 0, 0)):
            with pytest.raises(EvidenceRejected):
                check_stochastic(claim, evidence)


def test_the_judge_is_total_for_numbers_that_lie() -> None:
    liar = Fraction(1, 2)
    object.__setattr__(liar, "_denominator", 0)
    with pytest.raises(EvidenceRejected):
        check_stochastic(PairwiseAxiom(((liar,),), WEAK), Enumerated())


# -- at the door ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("matrix", "options", "error", "message"),
    [
        ([[HALF, "3/4"], ["1/2", HALF]], {}, ValueError, r"P\[0, 1\] \+ P\[1, 0\] must be 1, got 3/4 \+ 1/2 = 5/4"),
        ([[HALF, "3/4"], ["1/2", HALF]], {"items": "xy"}, TypeError, "items must be a sequence"),
        ([[HALF, "3/4"], ["1/2", HALF]], {"items": ["x", "y"]}, ValueError, r"P\['x', 'y'\] \+ P\['y', 'x'\]"),
        ([[0.5, 0.7], [0.3 + 1e-9, 0.5]], {}, ValueError, "must be 1"),
        ([[HALF, Fraction(7, 10)], [Fraction(3, 10) + Fraction(1, 10**13), HALF]], {}, ValueError, "must be 1"),
        ([[0, 1], [0, 0]], {}, ValueError, r"P\[0, 0\] is 0: put 1/2 on the diagonal"),
        ([[HALF, 3], [-2, HALF]], {}, ValueError, r"no probability: of counts, give the shares"),
        ([[HALF, float("nan")], [HALF, HALF]], {}, ValueError, r"P\[0, 1\] must be finite"),
        ([[HALF, None], [HALF, HALF]], {}, TypeError, r"P\[0, 1\] must be an int"),
        ([[HALF, True], [False, HALF]], {}, TypeError, r"P\[0, 1\] must be a number"),
        ([[HALF, "many"], [HALF, HALF]], {}, ValueError, r"P\[0, 1\]"),
        ([[HALF, HALF]], {}, ValueError, "it has 1 rows, but row 0 has 2 entries"),
        ([], {}, ValueError, "at least one row"),
        (np.full((2, 2, 2), 0.5), {}, ValueError, "two dimensions"),
        ({"a": {"a": HALF}}, {}, TypeError, "nested sequences or a numpy array"),
        (7, {}, TypeError, "nested sequences"),
        (["ab", "cd"], {}, TypeError, "row 0"),
        ([[HALF]], {"items": ["a", "b"]}, ValueError, "each of the 1 rows, got 2 names"),
        ([[HALF, HALF], [HALF, HALF]], {"items": ["a", "a"]}, ValueError, "'a' is given twice"),
        ([[HALF]], {"items": [[]]}, TypeError, "hashable"),
        ([[HALF]], {"axioms": WEAK}, TypeError, "write"),
        ([[HALF]], {"axioms": []}, ValueError, "at least one"),
        ([[HALF]], {"axioms": ["regularity"]}, ValueError, "unknown axiom 'regularity': choose from weak_"),
    ],
)
def test_bad_matrices_are_named(matrix: Any, options: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        check_pairwise(matrix, **options)


@pytest.mark.parametrize(
    ("choices", "error", "message"),
    [
        ({}, ValueError, "at least one menu"),
        ([("a",)], TypeError, "must map menus"),
        ({"ab": {"a": 1}}, TypeError, "a menu is a tuple or a frozenset of items, got 'ab'"),
        ({(): {}}, ValueError, "the empty one"),
        ({("a", "a"): {"a": 1}}, ValueError, "'a' is given twice"),
        ({("a", "b"): {"c": 1}}, ValueError, "'c' has a probability, but is not in menu"),
        ({("a", "b"): {"a": HALF}}, ValueError, r"menu \('a', 'b'\): the probabilities sum to 1/2"),
        ({("a", "b"): {"a": 2, "b": -1}}, ValueError, "negative"),
        ({("a", "b"): {"a": "x"}}, ValueError, r"the choices from menu \('a', 'b'\)"),
        ({("a", "b"): [1, 0]}, TypeError, "must be {item: probability}"),
        ({("a", "b"): {"a": 1}, frozenset("ab"): {"a": 1}}, ValueError, "given twice"),
    ],
)
def test_bad_choices_are_named(choices: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        check_choice(choices)


def test_every_kind_of_number_is_read() -> None:
    third = Fraction(1, 3)
    mixed = check_pairwise([["1/2", "1/3", Decimal("0.25")], [2 * third, HALF, 1], ["3/4", 0, 0.5]])
    one, quarter = Fraction(1), Fraction(1, 4)
    assert mixed.matrix == ((HALF, third, quarter), (1 - third, HALF, one), (1 - quarter, 1 - one, HALF))
    assert mixed.notes == () and not mixed.rounded
    for dtype in (np.float64, np.float32, object):
        array = np.array([[0.5, 0.25], [0.75, 0.5]], dtype=dtype)
        assert check_pairwise(array).matrix == ((HALF, Fraction(1, 4)), (Fraction(3, 4), HALF))


def test_floats_are_made_to_sum_to_one_and_the_report_says_so() -> None:
    report = check_pairwise([[0.5, 0.7], [0.3, 0.5]])
    seven, three = Fraction(0.7), Fraction(0.3)
    assert seven + three != 1
    assert report.matrix[0][1] == (seven + 1 - three) / 2
    assert report.matrix[0][1] + report.matrix[1][0] == 1
    assert "(P + 1 - Pᵀ)/2 in 1 of 1 pair" in str(report) and report.rounded
    assert check_pairwise([[0.5, 0.75], [0.25, 0.5]]).notes == ()  # exact as it is


def test_a_violation_that_rounding_explains_is_told_as_one() -> None:
    """0.1 + 0.2 and 0.3 differ as floats: refuted, as given, and the words say what to do."""
    report = check_pairwise([[0.5, 0.1, 0.3], [0.9, 0.5, 0.2], [0.7, 0.8, 0.5]], axioms=[TRIANGLE])
    exact = check_pairwise([[HALF, "0.1", "0.3"], ["0.9", HALF, "0.2"], ["0.7", "0.8", HALF]], axioms=[TRIANGLE])
    assert isinstance(exact[TRIANGLE], Proved)
    if isinstance(report[TRIANGLE], Refuted):
        assert "write exact numbers" in report.in_words(TRIANGLE)
    shifted = np.array([[0.5, 0.1, 0.3], [0.9, 0.5, 0.2 - 2**-50], [0.7, 0.8 + 2**-50, 0.5]])
    tiny = check_pairwise(shifted, axioms=[TRIANGLE])
    assert isinstance(tiny[TRIANGLE], Refuted)
    assert "the rounding of the floats" in tiny.in_words(TRIANGLE)


# -- reports --------------------------------------------------------------------------------------------------------


def test_reports_are_mappings_and_say_everything() -> None:
    report = check_pairwise(CYCLE, ["ann", "bob", "<cy>"])
    assert isinstance(report, PairwiseReport)
    assert list(report) == list(PAIRWISE_AXIOMS) and len(report) == 5
    assert dict(report.items()).keys() == set(PAIRWISE_AXIOMS)
    with pytest.raises(KeyError, match="was not checked"):
        report["regularity"]
    text = str(report)
    assert text.startswith("pairwise probabilities of 3 items\n")
    assert "<cy> over ann has 3/4 and ann over bob 3/4, yet <cy> over bob has 1/4, not 1/2 or more" in text or (
        "ann over bob has 3/4 and bob over <cy> 3/4, yet ann over <cy> has 1/4, not 1/2 or more" in text
    )
    assert all(STATEMENTS[axiom] in text for axiom in PAIRWISE_AXIOMS)
    page = report._repr_html_()
    assert "&lt;cy&gt;" in page and "<cy>" not in page
    proved = check_pairwise([[HALF]])
    with pytest.raises(ValueError, match="was not refuted"):
        proved.in_words(WEAK)
    assert "Counterexamples" not in str(proved)


def test_the_documented_example() -> None:
    page = (Path(__file__).parent.parent / "docs" / "pairwise.md").read_text(encoding="utf-8")
    code = page.split("```python\n")[1].split("```")[0]
    scope: dict[str, Any] = {}
    exec(code.replace("print(report)", "text = str(report)"), scope)
    assert "tea over milk has 3/4 and milk over rum 3/4, yet tea over rum has 1/4, not 1/2 or more" in scope["text"]
    assert scope["report"][WEAK].evidence == Triple(0, 1, 2)


def test_choice_reports() -> None:
    report = check_choice({("a", "b"): {"a": 0.1, "b": 0.9}, ("a", "b", "c"): {"a": 0.1, "b": 0.2, "c": 0.7}})
    assert isinstance(report, ChoiceReport)
    assert next(iter(report)) == REGULARITY and len(report) == 2
    assert "choice among 3 items from 2 menus" in str(report)
    assert "<table>" in report._repr_html_()


def test_what_is_too_large_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    zeros = check_pairwise(from_upper(201, lambda i, j: Fraction(1)), axioms=[STRONG, PRODUCT])
    assert isinstance(zeros[PRODUCT], Unknown) and isinstance(zeros[STRONG], Proved)
    assert "a probability of 0" in str(zeros)
    long = from_upper(3, lambda i, j: HALF - Fraction(1, 2**100_000_000) if i else HALF)
    digits = check_pairwise(long, axioms=[WEAK])[WEAK]
    assert isinstance(digits, Unknown) and "digits" in digits.reason
    monkeypatch.setattr("prefcore.matrices.MOST_ITEMS", 2)
    many = check_pairwise(CYCLE, axioms=[WEAK])[WEAK]
    assert isinstance(many, Unknown) and "3 items" in many.reason
    monkeypatch.setattr("prefcore.matrices.MOST_MENUS", 1)
    menus = check_choice({("a",): {"a": 1}, ("b",): {"b": 1}}, [IIA])[IIA]
    assert isinstance(menus, Unknown) and "2 menus" in menus.reason


@pytest.mark.slow
def test_five_hundred_items() -> None:
    rng = random.Random(5)
    report = check_pairwise(bradley_terry([rng.randint(1, 10**6) for _ in range(500)]))
    assert all(isinstance(verdict, Proved) for verdict in report.values())
