"""Dominance: the formulas say what the distribution functions, their sums and all utilities say."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_oracle import DOMINANCE, HALF, Point, dominates, formulas, holds, simple

import prefcore as pc
from prefcore import formula as fm
from prefcore.claims import Axiom, BlackBox, Simplex
from prefcore.distribution import Distribution
from prefcore.dominances import violation
from prefcore.evidence import Counterexample
from prefcore.formula import Formula
from prefcore.kernel import check
from prefcore.records import EvidenceRejected

NEVER = Formula(4, (), (fm.Or(()),))  # "A ≼ B" is false, so that the violation is dominance alone


@st.composite
def points(draw: st.DrawFn) -> Point:
    weights = draw(st.lists(st.integers(0, 4), min_size=4, max_size=4).filter(any))
    return tuple(Fraction(w, sum(weights)) for w in weights)


payoffs = st.lists(st.fractions(-3, 3, max_denominator=3), min_size=4, max_size=4).map(tuple)


def gains(a: Point, b: Point, utility: Sequence[Fraction]) -> Fraction:
    return sum((u * (y - x) for u, x, y in zip(utility, a, b, strict=True)), Fraction(0))


@given(payoffs, points(), points())
@settings(max_examples=80, deadline=None)
def test_a_violation_is_dominance_without_preference(payoff: tuple[Fraction, ...], a: Point, b: Point) -> None:
    for axiom in DOMINANCE:
        formula = violation(NEVER, axiom, payoff)
        assert holds(formula, a, b) is dominates(axiom, payoff, a, b)
        assert holds(formula, a, a), "each lottery dominates itself"


@given(payoffs, points(), points())
@settings(max_examples=80, deadline=None)
def test_whoever_likes_more_agrees_with_dominance(payoff: tuple[Fraction, ...], a: Point, b: Point) -> None:
    """First order: the steps generate the increasing utilities; second order: the kinks generate the concave ones."""
    levels = sorted(set(payoff))
    steps = [[Fraction(v >= t) for v in payoff] for t in levels]
    kinks = [[min(v, t) for v in payoff] for t in levels]
    assert dominates("monotone", payoff, a, b) is all(gains(a, b, u) >= 0 for u in steps)
    assert dominates("risk_averse", payoff, a, b) is all(gains(a, b, u) >= 0 for u in kinks)
    same_mean = gains(a, b, payoff) == 0
    assert dominates("spread_averse", payoff, a, b) is (dominates("risk_averse", payoff, a, b) and same_mean)


@pytest.mark.parametrize("name", ["reward", "tie", "cvar", "median", "pareto", "equality", "weighted", "bent"])
def test_a_violation_is_about_the_relation(name: str) -> None:
    formula = formulas()[name]
    payoff = (Fraction(0), Fraction(1), Fraction(3))
    for axiom, a, b in product(DOMINANCE, simple(3), simple(3)):
        expected = dominates(axiom, payoff, a, b) and not holds(formula, a, b)
        assert holds(violation(formula, axiom, payoff), a, b) is expected


def test_equal_payoffs_make_every_lottery_dominate_every_other() -> None:
    for axiom, value in product(DOMINANCE, (0, -5, Fraction(7, 3))):
        formula = violation(NEVER, axiom, (Fraction(value),) * 4)
        assert all(holds(formula, a, b) for a, b in product(simple(4), repeat=2))


def test_enormous_and_nearly_equal_payoffs_keep_their_order() -> None:
    close = (Fraction(1), 1 + Fraction(1, 10**300), Fraction(10**300), Fraction(10**300) + Fraction(1, 7))
    lines = [tuple(Fraction(int(i == o)) for i in range(4)) for o in range(4)]
    for axiom in ("monotone", "risk_averse"):
        formula = violation(NEVER, axiom, close)
        for i, j in product(range(4), repeat=2):
            assert holds(formula, lines[i], lines[j]) is (i <= j)


def test_a_counterexample_to_dominance_needs_dominance() -> None:
    x, y, z = (Distribution.point(o) for o in (0, 1, 2))
    gamble = Distribution({0: HALF, 2: HALF})
    payoff = (Fraction(0), Fraction(1), Fraction(2))
    never = BlackBox("never", lambda A, B: False, "")
    for relation in (never, Formula(3, (), (fm.Or(()),))):
        cases = {
            "monotone": ([(x, y), (x, x), (gamble, z)], [(y, x), (y, gamble), (gamble, y)]),
            "risk_averse": ([(x, y), (gamble, y), (y, y)], [(y, x), (y, gamble)]),
            "spread_averse": ([(gamble, y), (x, x)], [(x, y), (y, gamble), (gamble, z)]),
        }
        for axiom, (good, bad) in cases.items():
            about = Axiom(relation, axiom, Simplex(range(3)), payoff)
            for a, b in good:
                assert isinstance(check(about, Counterexample(a, b)), pc.Refuted)
            for a, b in bad:
                with pytest.raises(EvidenceRejected):
                    check(about, Counterexample(a, b))
            for wrong in (Counterexample(x), Counterexample(x, y, z), Counterexample(x, y, alpha=HALF)):
                with pytest.raises(EvidenceRejected):
                    check(about, wrong)
    always = Axiom(Formula(3, (), (fm.And(()),)), "monotone", Simplex(range(3)), payoff)
    with pytest.raises(EvidenceRejected):
        check(always, Counterexample(x, y))
