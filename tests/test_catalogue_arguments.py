"""What the catalogue refuses, and that it says why."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

import prefcore as pc
from prefcore import catalogue as c

HALF = Fraction(1, 2)
OUTCOMES = ("a", "b", "c")
U = {"a": 0, "b": 1, "c": 2}
R = c.expected_reward(U)


@pytest.mark.parametrize(
    ("make", "error", "says"),
    [
        (lambda: c.quadratic_utility(3, 1), TypeError, "payoff"),
        (lambda: c.quadratic_utility(U, None), TypeError, "curvature"),
        (lambda: c.entropic_risk(U, 0), ValueError, "aversion must be positive"),
        (lambda: c.entropic_risk(U, -1), ValueError, "aversion must be positive"),
        (lambda: c.entropic_risk(U, 1, digits=0), ValueError, "digits"),
        (lambda: c.entropic_risk(U, 1, digits=2.5), TypeError, "digits"),
        (lambda: c.entropic_risk(U, 1, digits=True), TypeError, "digits"),
        (lambda: c.constrained([], c.maximize(c.expect(U))), ValueError, "at least one constraint"),
        (lambda: c.constrained("ab", c.maximize(c.expect(U))), TypeError, "constraints"),
        (lambda: c.constrained([c.expect(U)], c.maximize(c.expect(U))), TypeError, "at_most"),
        (lambda: c.constrained([c.at_most(c.expect(U), 1)], c.expect(U)), TypeError, "objective"),
        (lambda: c.at_most(U, 1), TypeError, "functional"),
        (lambda: c.at_least(c.expect(U), "x"), ValueError, "bound"),
        (lambda: c.spectral_risk(U, {}), ValueError, "weights"),
        (lambda: c.spectral_risk(U, [1]), TypeError, "weights"),
        (lambda: c.spectral_risk(U, {HALF: HALF}), ValueError, "sum to 1"),
        (lambda: c.spectral_risk(U, {HALF: 2, 1: -1}), ValueError, "weight of level 1"),
        (lambda: c.spectral_risk(U, {0: 1}), ValueError, "level"),
        (lambda: c.spectral_risk(U, {HALF: 0.1, 1: 0.9}), ValueError, "sum to 1"),
        (lambda: c.upper_quantile(U, 1), ValueError, "level"),
        (lambda: c.upper_quantile(U, -HALF), ValueError, "level"),
        (lambda: c.value_at_risk(U, 0), ValueError, "level"),
        (lambda: c.value_at_risk(U, 1), ValueError, "level"),
        (lambda: c.value_at_risk(U, HALF, upper=1), TypeError, "upper"),
        (lambda: c.value_at_risk(None, HALF), TypeError, "payoff"),
        (lambda: c.mean_variance(U, -1), ValueError, "risk_aversion"),
        (lambda: c.mean_semideviation(U, -HALF), ValueError, "weight"),
        (lambda: c.maxmin(), ValueError, "utilities"),
        (lambda: c.maxmax(U, 3), TypeError, r"utilities\[1\]"),
        (lambda: c.unanimity(), ValueError, "utilities"),
        (lambda: c.hurwicz(U, HALF), TypeError, "payoffs"),
        (lambda: c.hurwicz([], HALF), ValueError, "payoffs"),
        (lambda: c.hurwicz([U], 2), ValueError, "optimism"),
        (lambda: c.maxmin_priors([], U), ValueError, "priors"),
        (lambda: c.maxmin_priors({0: 1}, U), TypeError, "priors"),
        (lambda: c.bewley([{0: HALF}], U), ValueError, "sum"),
        (lambda: c.bewley([3], U), TypeError, "prior"),
        (lambda: c.expected_under({0: 1}, None), TypeError, "utility"),
        (lambda: c.second_order_dominance("u"), TypeError, "payoff"),
        (lambda: c.third_order_dominance(None), TypeError, "payoff"),
        (lambda: c.weighted_majority([U], [1, 2]), ValueError, "one number for each"),
        (lambda: c.weighted_majority([U, U], [1, -1]), ValueError, r"weights\[1\]"),
        (lambda: c.weighted_majority([U, U], [0, 0]), ValueError, "not all be zero"),
        (lambda: c.weighted_majority([U], {0: 1}), TypeError, "weights"),
        (lambda: c.weighted_majority([], []), ValueError, "payoffs"),
        (lambda: c.interval_order(U, 3), TypeError, "high"),
        (lambda: c.semiorder(U, -1), ValueError, "threshold"),
        (lambda: c.lexicographic_semiorder([U], []), ValueError, "thresholds"),
        (lambda: c.lexicographic_semiorder([U], [-1]), ValueError, r"thresholds\[0\]"),
        (lambda: c.weighted_utility(U, 3), TypeError, "weight"),
        (lambda: c.rank_dependent(U, [0, 1]), TypeError, "weighting"),
        (lambda: c.rank_dependent(U, {}), ValueError, "0: 0 and 1: 1"),
        (lambda: c.rank_dependent(U, {0: 0, HALF: 1}), ValueError, "0: 0 and 1: 1"),
        (lambda: c.rank_dependent(U, {0: HALF, 1: 1}), ValueError, "0: 0 and 1: 1"),
        (lambda: c.rank_dependent(U, {0: 0, "1/3": HALF, HALF: "1/3", 1: 1}), ValueError, "not decrease"),
        (lambda: c.rank_dependent(U, {0: 0, HALF: HALF, "1/2": HALF, 1: 1}), ValueError, "weighting"),
        (lambda: c.rank_dependent(U, {0: 0, 2: HALF, 1: 1}), ValueError, "breakpoint"),
        (lambda: c.disappointment_aversion(U, -1), ValueError, "beta"),
        (lambda: c.mixture_symmetric(U), TypeError, "phi"),
        (lambda: c.outperforming(3), TypeError, "payoff"),
        (lambda: c.regret(U, 3), TypeError, "rejoice"),
        (lambda: c.pairwise([[HALF]], "a"), TypeError, "items"),
        (lambda: c.pairwise([], []), ValueError, "items"),
        (lambda: c.pairwise([[HALF, 1], [0, HALF]], ["a", "a"]), ValueError, "twice"),
        (lambda: c.pairwise(3, ["a"]), TypeError, "matrix"),
        (lambda: c.pairwise([[HALF, 1]], ["a", "b"]), ValueError, "2 rows"),
        (lambda: c.pairwise([[HALF, 1], [1, HALF]], ["a", "b"]), ValueError, "'b' and 'a'"),
        (lambda: c.pairwise([[1]], ["a"]), ValueError, "must be 1"),
        (lambda: c.pairwise([[HALF, 2], [-1, HALF]], ["a", "b"]), ValueError, r"matrix\[0\]\[1\]"),
        (lambda: c.pairwise([[0.5, 0.1], [0.9, 0.5]], ["a", "b"]), ValueError, "must be 1"),
        (lambda: c.worst_case(3), TypeError, "payoff"),
        (lambda: c.best_case("u"), TypeError, "payoff"),
        (lambda: c.support_lexicographic(None), TypeError, "payoff"),
        (lambda: c.conjunction(), ValueError, "conjunction"),
        (lambda: c.disjunction(R, U), TypeError, "disjunction"),
        (lambda: c.lexicographic_composition(lambda A, B: True), TypeError, "@pc.relation"),
        (lambda: c.product(), ValueError, "product"),
    ],
)
def test_at_the_door(make: Callable[[], Any], error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        make()


@pytest.mark.parametrize(
    ("preference", "says"),
    [
        (c.entropic_risk({"a": 0, "b": 1, "c": 10**6}, 1), "outcome 'c'.*rescale"),
        (c.interval_order(U, {"a": 0, "b": 0, "c": 2}), "outcome 'b' has low 1 and high 0"),
        (c.weighted_utility(U, {"a": 1, "b": 0, "c": 1}), "outcome 'b' must be positive"),
        (c.weighted_utility(U, {"a": 1, "b": 1, "c": -1}), "outcome 'c' must be positive"),
        (c.mixture_symmetric(lambda x, y: U[x]), "not symmetric"),
        (c.regret(U, lambda gain: gain**2), "rejoice is not odd"),
        (c.pairwise([[HALF, 1], [0, HALF]], ["a", "b"]), "'c' is none of the items"),
        (c.maxmin_priors([{5: 1}], U), "'a' is no act"),
        (c.product(R, R), "tuple of 2 coordinates, got 'a'"),
        (c.second_order_dominance({"a": 1}), "no value for outcome 'b'"),
        (c.rank_dependent({"a": 1}, {0: 0, 1: 1}), "no value for outcome 'b'"),
        (c.disappointment_aversion({"a": 1}, 1), "no value for outcome 'b'"),
        (c.support_lexicographic({"a": 1}), "no value for outcome 'b'"),
    ],
)
def test_at_the_first_outcome_that_does_not_fit(preference: pc.Relation[Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        pc.check(preference, OUTCOMES)


@pytest.mark.parametrize(
    "preference",
    [
        c.quadratic_utility({"a": 0, "b": 1, "c": "x"}, 1),
        c.second_order_dominance({"a": 0, "b": 1, "c": True}),
        c.mixture_symmetric(lambda x, y: None),
        c.regret(U, lambda gain: "much"),
    ],
)
def test_no_number_is_a_mistake_and_no_black_box(preference: pc.Relation[Any]) -> None:
    with pytest.raises((TypeError, ValueError), match=r"must be|'much'"):
        pc.check(preference, OUTCOMES)


def test_votes_of_a_hundred_and_of_odd_weights() -> None:
    voters = [{"a": 0, "b": k, "c": k * k} for k in range(100)]
    assert c.majority(*voters)(pc.Distribution({"a": 1}), pc.Distribution({"c": 1})) is True
    weights = [Fraction(1, 2**k) for k in range(40)]
    first = c.weighted_majority(voters[:40], weights)
    assert first(pc.Distribution({"c": 1}), pc.Distribution({"a": 1})) is True  # the first voter has half, and a tie
