"""Tracing: the formula says what the Python function says, or the relation is a black box and is never proved."""

from __future__ import annotations

import inspect
import linecache
import math
from collections.abc import Callable
from fractions import Fraction
from functools import reduce
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import prefcore as pc
import solvers
from prefcore.claims import BlackBox
from prefcore.evidence import Refutation, Step
from prefcore.formula import Formula, Quotient, evaluate, feature_values
from prefcore.relations import formula_of
from prefcore.tracing import VanishingDenominator

OUTCOMES = ("a", "b", "c", "d")
HALF = Fraction(1, 2)
WATER = {"a": 0, "b": 1, "c": 3, "d": 7}
some = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def lotteries(draw: st.DrawFn) -> pc.Distribution:
    weights = draw(st.lists(st.integers(0, 3), min_size=4, max_size=4).filter(any))
    return pc.Distribution({o: Fraction(w, sum(weights)) for o, w in zip(OUTCOMES, weights, strict=True)})


# -- random relations, as data --------------------------------------------------------------------------------------

small = st.integers(-2, 3)
rationals = st.sampled_from([Fraction(0), Fraction(1), Fraction(-1), HALF, Fraction(1, 3), Fraction(2)])
sides = st.sampled_from([0, 1])

leaf_terms = st.one_of(
    st.tuples(st.just("expect"), sides, st.tuples(small, small, small, small)),
    st.tuples(st.just("prob"), sides, st.frozensets(st.sampled_from(OUTCOMES))),
    st.tuples(st.just("item"), sides, st.sampled_from(OUTCOMES)),
    st.tuples(st.just("cvar"), sides, st.tuples(small, small, small, small)),
    st.tuples(st.just("quantile"), sides, st.tuples(small, small, small, small)),
    st.tuples(st.just("number"), rationals),
)


def larger_terms(terms: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(
        st.tuples(st.sampled_from(["+", "-", "*", "minimum", "maximum", "min", "max", "choose"]), terms, terms),
        st.tuples(st.sampled_from(["negative", "absolute", "square"]), terms),
        st.tuples(st.sampled_from(["scaled", "divided", "from"]), terms, rationals),
    )


terms = st.recursive(leaf_terms, larger_terms, max_leaves=4)
leaf_conditions = st.one_of(
    st.tuples(st.sampled_from(["<=", "<", ">=", ">", "==", "!="]), terms, terms),
    st.tuples(st.just("chain"), terms, terms, terms),
    st.tuples(st.just("same")),
    st.tuples(st.just("certain"), st.booleans()),
)
conditions = st.recursive(
    leaf_conditions,
    lambda c: st.one_of(
        st.tuples(st.sampled_from(["&", "|", "and", "or", "^", "iff", "differ"]), c, c),
        st.tuples(st.sampled_from(["~", "not"]), c),
        st.tuples(st.sampled_from(["if", "if expression"]), c, c, c),
    ),
    max_leaves=4,
)


def traced_term(t: Any, lotteries: tuple[Any, Any]) -> Any:
    """The term as a user writes it, with operators and functions."""
    match t:
        case ("expect", side, values):
            return lotteries[side].expect(dict(zip(OUTCOMES, values, strict=True)))
        case ("prob", side, event):
            return lotteries[side].prob(event)
        case ("item", side, outcome):
            return lotteries[side][outcome]
        case ("cvar", side, values):
            return lotteries[side].cvar(dict(zip(OUTCOMES, values, strict=True)), HALF)
        case ("quantile", side, values):
            return lotteries[side].quantile(dict(zip(OUTCOMES, values, strict=True)), HALF)
        case ("number", value):
            return value
        case ("+", x, y):
            return traced_term(x, lotteries) + traced_term(y, lotteries)
        case ("-", x, y):
            return traced_term(x, lotteries) - traced_term(y, lotteries)
        case ("*", x, y):
            return traced_term(x, lotteries) * traced_term(y, lotteries)
        case ("minimum", x, y):
            return pc.minimum(traced_term(x, lotteries), traced_term(y, lotteries))
        case ("maximum", x, y):
            return pc.maximum(traced_term(x, lotteries), traced_term(y, lotteries))
        case ("min", x, y):
            return min(traced_term(x, lotteries), traced_term(y, lotteries))
        case ("max", x, y):
            return max(traced_term(x, lotteries), traced_term(y, lotteries))
        case ("choose", x, y):
            p, q = traced_term(x, lotteries), traced_term(y, lotteries)
            return p if p > 2 * q else q
        case ("negative", x):
            return -traced_term(x, lotteries)
        case ("absolute", x):
            return abs(traced_term(x, lotteries))
        case ("square", x):
            return traced_term(x, lotteries) ** 2
        case ("scaled", x, w):
            return w * traced_term(x, lotteries)
        case ("divided", x, w):
            return traced_term(x, lotteries) / (w * w + 1)
        case ("from", x, w):
            return w - traced_term(x, lotteries)
    raise AssertionError(t)


def number(t: Any, lotteries: tuple[dict[str, Fraction], dict[str, Fraction]]) -> Fraction:
    """The same term in plain Fractions, lotteries being dictionaries; nothing of prefcore is used."""
    match t:
        case ("expect", side, values):
            return sum((lotteries[side][o] * v for o, v in zip(OUTCOMES, values, strict=True)), Fraction(0))
        case ("prob", side, event):
            return sum((lotteries[side][o] for o in event), Fraction(0))
        case ("item", side, outcome):
            return lotteries[side][outcome]
        case ("cvar", side, values):
            left, total = HALF, Fraction(0)
            for v, p in sorted(zip(values, lotteries[side].values(), strict=True)):
                total, left = total + v * min(p, left), left - min(p, left)
            return total / HALF
        case ("quantile", side, values):
            reached = Fraction(0)
            for v, p in sorted(zip(values, lotteries[side].values(), strict=True)):
                reached += p
                if reached >= HALF:
                    return Fraction(v)
            raise AssertionError
        case ("number", value):
            return value
        case ("+", x, y):
            return number(x, lotteries) + number(y, lotteries)
        case ("-", x, y):
            return number(x, lotteries) - number(y, lotteries)
        case ("*", x, y):
            return number(x, lotteries) * number(y, lotteries)
        case ("minimum" | "min", x, y):
            return min(number(x, lotteries), number(y, lotteries))
        case ("maximum" | "max", x, y):
            return max(number(x, lotteries), number(y, lotteries))
        case ("choose", x, y):
            p, q = number(x, lotteries), number(y, lotteries)
            return p if p > 2 * q else q
        case ("negative", x):
            return -number(x, lotteries)
        case ("absolute", x):
            return abs(number(x, lotteries))
        case ("square", x):
            return number(x, lotteries) * number(x, lotteries)
        case ("scaled", x, w):
            return number(x, lotteries) * w
        case ("divided", x, w):
            return number(x, lotteries) / (w * w + 1)
        case ("from", x, w):
            return w - number(x, lotteries)
    raise AssertionError(t)


def traced_condition(c: Any, lotteries: tuple[Any, Any]) -> Any:
    match c:
        case ("<=", x, y):
            return traced_term(x, lotteries) <= traced_term(y, lotteries)
        case ("<", x, y):
            return traced_term(x, lotteries) < traced_term(y, lotteries)
        case (">=", x, y):
            return traced_term(x, lotteries) >= traced_term(y, lotteries)
        case (">", x, y):
            return traced_term(x, lotteries) > traced_term(y, lotteries)
        case ("==", x, y):
            return traced_term(x, lotteries) == traced_term(y, lotteries)
        case ("!=", x, y):
            return traced_term(x, lotteries) != traced_term(y, lotteries)
        case ("chain", x, y, z):
            return traced_term(x, lotteries) <= traced_term(y, lotteries) < traced_term(z, lotteries)
        case ("same",):
            return lotteries[0] == lotteries[1]
        case ("certain", value):
            return value
        case ("&", x, y):
            return traced_condition(x, lotteries) & traced_condition(y, lotteries)
        case ("|", x, y):
            return traced_condition(x, lotteries) | traced_condition(y, lotteries)
        case ("and", x, y):
            return traced_condition(x, lotteries) and traced_condition(y, lotteries)
        case ("or", x, y):
            return traced_condition(x, lotteries) or traced_condition(y, lotteries)
        case ("^" | "differ", x, y):
            p, q = traced_condition(x, lotteries), traced_condition(y, lotteries)
            return p ^ q if c[0] == "^" else p != q
        case ("iff", x, y):
            return traced_condition(x, lotteries) == traced_condition(y, lotteries)
        case ("~", x):
            p = traced_condition(x, lotteries)
            return (not p) if isinstance(p, bool) else ~p  # ~True is -2 in Python: only for what is no symbol
        case ("not", x):
            return not traced_condition(x, lotteries)
        case ("if", x, y, z):
            if traced_condition(x, lotteries):
                return traced_condition(y, lotteries)
            return traced_condition(z, lotteries)
        case ("if expression", x, y, z):
            return traced_condition(y, lotteries) if traced_condition(x, lotteries) else traced_condition(z, lotteries)
    raise AssertionError(c)


def truth(c: Any, lotteries: tuple[dict[str, Fraction], dict[str, Fraction]]) -> bool:
    match c:
        case ("<=", x, y):
            return number(x, lotteries) <= number(y, lotteries)
        case ("<", x, y):
            return number(x, lotteries) < number(y, lotteries)
        case (">=", x, y):
            return number(x, lotteries) >= number(y, lotteries)
        case (">", x, y):
            return number(x, lotteries) > number(y, lotteries)
        case ("==", x, y):
            return number(x, lotteries) == number(y, lotteries)
        case ("!=", x, y):
            return number(x, lotteries) != number(y, lotteries)
        case ("chain", x, y, z):
            return number(x, lotteries) <= number(y, lotteries) and number(y, lotteries) < number(z, lotteries)
        case ("same",):
            return lotteries[0] == lotteries[1]
        case ("certain", value):
            return bool(value)
        case ("&" | "and", x, y):
            return truth(x, lotteries) and truth(y, lotteries)
        case ("|" | "or", x, y):
            return truth(x, lotteries) or truth(y, lotteries)
        case ("^" | "differ", x, y):
            return truth(x, lotteries) is not truth(y, lotteries)
        case ("iff", x, y):
            return truth(x, lotteries) is truth(y, lotteries)
        case ("~" | "not", x):
            return not truth(x, lotteries)
        case ("if" | "if expression", x, y, z):
            return truth(y, lotteries) if truth(x, lotteries) else truth(z, lotteries)
    raise AssertionError(c)


def plain(lottery: pc.Distribution) -> dict[str, Fraction]:
    return {o: lottery[o] for o in OUTCOMES}


def formula_says(formula: Formula, A: pc.Distribution, B: pc.Distribution) -> bool:
    """The formula over all outcomes, which is what the kernel sees."""
    a, b = (feature_values(formula, [(OUTCOMES.index(o), p) for o, p in x.items()]) for x in (A, B))
    return evaluate(formula, a, b)


@given(conditions, st.lists(st.tuples(lotteries(), lotteries()), min_size=2, max_size=4))
@some
def test_the_formula_says_what_the_function_says(c: Any, pairs: list[tuple[pc.Distribution, pc.Distribution]]) -> None:
    preference = pc.relation(lambda A, B: traced_condition(c, (A, B)))
    formula = formula_of(preference, OUTCOMES)
    assert isinstance(formula, Formula)
    for A, B in pairs:
        expected = truth(c, (plain(A), plain(B)))
        assert preference(A, B) is expected
        assert formula_says(formula, A, B) is expected


@pytest.mark.parametrize("operator", ["&", "|", "and", "or", "^", "iff", "differ"])
@pytest.mark.parametrize("left", ["<=", ">", "==", "!="])
@pytest.mark.parametrize("right", ["<", ">=", "==", "!="])
def test_every_pair_of_comparisons_joined(operator: str, left: str, right: str) -> None:
    u, v = ("expect", 0, (0, 1, 2, 3)), ("expect", 1, (0, 1, 2, 3))
    x, y = ("prob", 0, frozenset("ab")), ("prob", 1, frozenset("ab"))
    c = (operator, (left, u, v), ("not", (right, x, y)))
    preference = pc.relation(lambda A, B: traced_condition(c, (A, B)))
    points = [pc.Distribution.point(o) for o in OUTCOMES] + [pc.Distribution({"a": HALF, "d": HALF})]
    formula = formula_of(preference, OUTCOMES)
    assert isinstance(formula, Formula)
    for A in points:
        for B in points:
            expected = truth(c, (plain(A), plain(B)))
            assert preference(A, B) is formula_says(formula, A, B) is expected


@given(lotteries(), lotteries())
@some
@example(pc.Distribution.point("a"), pc.Distribution.point("a"))
def test_one_order_written_in_four_ways(A: pc.Distribution, B: pc.Distribution) -> None:
    flood = {"a"}

    def with_operators(A: Any, B: Any) -> Any:
        return (A.prob(flood) > B.prob(flood)) | (
            (A.prob(flood) == B.prob(flood)) & (A.expect(WATER) <= B.expect(WATER))
        )

    def with_ifs(A: Any, B: Any) -> Any:
        if A.prob(flood) != B.prob(flood):
            return A.prob(flood) > B.prob(flood)
        return A.expect(WATER) <= B.expect(WATER)

    def with_words(A: Any, B: Any) -> Any:
        return A["a"] > B["a"] or (not A["a"] < B["a"] and A.expect(WATER) <= B.expect(WATER))

    def with_tuples(A: Any, B: Any) -> Any:  # Python compares tuples by == and <, which fork
        return (-A["a"], A.expect(WATER)) <= (-B["a"], B.expect(WATER))

    a, b = plain(A), plain(B)
    expected = (-a["a"], sum(a[o] * WATER[o] for o in OUTCOMES)) <= (-b["a"], sum(b[o] * WATER[o] for o in OUTCOMES))
    for written in (with_operators, with_ifs, with_words, with_tuples):
        assert pc.relation(written)(A, B) is expected, written.__name__
        assert isinstance(formula_of(pc.relation(written), OUTCOMES), Formula)


def test_python_builtins_fork_the_trace() -> None:
    u, v, w = ({o: (i * k) % 5 for i, o in enumerate(OUTCOMES)} for k in (1, 2, 3))

    @pc.relation
    def worst(A: Any, B: Any) -> Any:
        values = [sorted([L.expect(u), L.expect(v), L.expect(w)]) for L in (A, B)]
        return values[0][0] <= values[1][0]

    @pc.relation
    def every(A: Any, B: Any) -> Any:
        return all(A.expect(x) <= B.expect(x) for x in (u, v, w)) or (
            sum([A["a"], A["b"]]) > 0 and any(B[o] > HALF for o in "ab")
        )

    points = [pc.Distribution.point(o) for o in OUTCOMES] + [pc.Distribution({"b": HALF, "d": HALF})]
    for A in points:
        for B in points:
            lowest = [min(L.expect(x) for x in (u, v, w)) for L in (A, B)]
            assert worst(A, B) is (lowest[0] <= lowest[1])
            agree = all(A.expect(x) <= B.expect(x) for x in (u, v, w))
            assert every(A, B) is (agree or (A["a"] + A["b"] > 0 and (B["a"] > HALF or B["b"] > HALF)))
    for preference in (worst, every):
        assert isinstance(formula_of(preference, OUTCOMES), Formula)


def test_a_relation_that_answers_without_looking() -> None:
    for answer in (True, False, np.True_):
        preference = pc.relation(lambda A, B, answer=answer: answer)
        assert preference(pc.Distribution.point(1), pc.Distribution.point(2)) is bool(answer)
        report = pc.check(preference, [1, 2, 3], axioms=["total"])
        assert isinstance(report["total"], pc.Proved if answer else pc.Refuted)


@given(lotteries(), lotteries())
@some
def test_a_payoff_that_changes_during_the_trace_is_read_each_time(A: pc.Distribution, B: pc.Distribution) -> None:
    def by_a_mapping(A: Any, B: Any) -> Any:
        result: Any = True
        payoff = dict.fromkeys(OUTCOMES, 0)
        for o in OUTCOMES[:-1]:
            payoff[o] = 1
            result = result & (A.expect(payoff) <= B.expect(payoff))
        return result

    def by_a_function(A: Any, B: Any) -> Any:
        low: list[str] = []

        def payoff(outcome: str) -> int:
            return int(outcome in low)

        result: Any = True
        for o in OUTCOMES[:-1]:
            low.append(o)
            result = result & (A.expect(payoff) <= B.expect(payoff))
        return result

    def by_an_event(A: Any, B: Any) -> Any:
        low: set[str] = set()
        result: Any = True
        for o in OUTCOMES[:-1]:
            low.add(o)
            result = result & (A.prob(low) <= B.prob(low))
        return result

    expected = all(sum(A[o] - B[o] for o in OUTCOMES[:k]) <= 0 for k in (1, 2, 3))
    for written in (by_a_mapping, by_a_function, by_an_event):
        assert pc.relation(written)(A, B) is expected, written.__name__


def test_the_number_of_paths_is_bounded() -> None:
    @pc.relation
    def endless(A: Any, B: Any) -> Any:
        k = 0
        while A.expect(WATER) * k <= B.expect(WATER) + 1:
            k += 1
        return k % 2 == 0

    @pc.relation
    def bushy(A: Any, B: Any) -> Any:
        votes = sum(1 if A.expect({**WATER, "a": k}) <= B.expect({**WATER, "b": -k}) else 0 for k in range(14))
        return votes >= 7

    A, B = pc.Distribution.point("b"), pc.Distribution.point("c")
    for preference in (endless, bushy):
        traced = formula_of(preference, OUTCOMES)
        assert isinstance(traced, BlackBox)
        assert "decisions" in traced.reason or "paths" in traced.reason
        assert preference(A, B) is preference.function(A, B)


# -- mistakes are errors --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        lambda A, B: A.expect(WATER) <= B.expect(WATER) & A.prob({"a"}) <= B.prob({"a"}),
        lambda A, B: A.expect(WATER) | B.expect(WATER) <= 1,
        lambda A, B: A.expect(WATER) & True,
        lambda A, B: 1 & A.expect(WATER) <= 2,
        lambda A, B: (A.expect(WATER) <= 1) & B.expect(WATER),
        lambda A, B: (A.expect(WATER) <= 1) | 1,
        lambda A, B: ~A.expect(WATER) <= 1,
        lambda A, B: A.expect(WATER) ^ B.expect(WATER),
    ],
)
def test_operators_bind_tighter_than_comparisons(wrong: Callable[[Any, Any], Any]) -> None:
    with pytest.raises(TypeError, match="parenthesise"):
        pc.check(pc.relation(wrong), OUTCOMES)
    with pytest.raises(TypeError, match="parenthesise"):
        pc.relation(wrong)(pc.Distribution.point("a"), pc.Distribution({"b": HALF, "c": HALF}))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda A, B: None,
        lambda A, B: 1,
        lambda A, B: Fraction(1),
        lambda A, B: "yes",
        lambda A, B: [],
        lambda A, B: A,
        lambda A, B: A.expect(WATER),
        lambda A, B: A.expect(WATER) - B.expect(WATER),
        lambda A, B: (A.expect(WATER) <= B.expect(WATER), True),
        lambda A, B: (A.expect(WATER) <= B.expect(WATER)) if A["a"] > B["a"] else None,
        lambda A, B: np.array([True]),
    ],
)
def test_a_relation_returns_a_truth_value(wrong: Callable[[Any, Any], Any]) -> None:
    with pytest.raises(TypeError, match="must return"):
        pc.check(pc.relation(wrong), OUTCOMES)
    with pytest.raises(TypeError, match="must return"):
        pc.relation(wrong)(pc.Distribution({"b": HALF, "c": HALF}), pc.Distribution.point("a"))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda A, B: A.expect(WATER),
        lambda A, B: (A.expect(WATER) <= 1) + (B.expect(WATER) <= 1) >= 1,
        lambda A, B: A <= B,
        lambda A, B: A == 1,
        lambda A, B: A.expect(WATER) <= None,
        lambda A, B: A.expect(WATER) <= "many",
        lambda A, B: A.expect(WATER) + A <= 1,
        lambda A, B: A.expect(WATER) or B.expect(WATER) > 0,
        lambda A, B: A.prob("a") <= B.prob("a"),
        lambda A, B: A.prob(["a"]) <= B.prob(["a"]),
        lambda A, B: A.expect(3) <= 1,
        lambda A, B: pc.minimum() <= 1,
        lambda A: A.expect(WATER) <= 1,
    ],
)
def test_what_cannot_be_meant_is_an_error(wrong: Callable[..., Any]) -> None:
    with pytest.raises((TypeError, ValueError)):
        pc.check(pc.relation(wrong), OUTCOMES)


def test_relations_compare_distributions() -> None:
    preference = pc.expected_reward(WATER)
    for other in ({"a": 1}, "a", None):
        with pytest.raises(TypeError, match="compares Distributions"):
            preference(pc.Distribution.point("a"), other)
    with pytest.raises(TypeError, match="decorates a function"):
        pc.relation(3)  # type: ignore[type-var]
    with pytest.raises(TypeError, match="decorate the function"):
        pc.check(lambda A, B: True, OUTCOMES)  # type: ignore[arg-type]


def test_a_payoff_with_a_gap_is_an_error_that_names_the_outcome() -> None:
    gap = {"a": 0, "b": 1, "c": 3}

    @pc.relation
    def by_hand(A: Any, B: Any) -> Any:
        return A.expect(gap) <= B.expect(gap)

    in_hand = (by_hand, pc.expected_reward(gap), pc.cvar(gap, HALF), pc.quantile(gap, HALF), pc.pareto(WATER, gap))
    for preference in (*in_hand, pc.stochastic_dominance(gap), pc.expected_reward(gap.__getitem__)):
        with pytest.raises(ValueError, match="'d'"):
            pc.check(preference, OUTCOMES)
        assert preference(pc.Distribution.point("a"), pc.Distribution.point("b"))


@pytest.mark.parametrize("event", [{"flod"}, {"a", "flod"}, frozenset({"flod", "b"})])
def test_an_event_that_leaves_the_outcomes_is_an_error(event: Any) -> None:
    for preference in (
        pc.relation(lambda A, B: A.prob(event) >= B.prob(event)),
        pc.chance_constraint(event, HALF, WATER),
        pc.lexicographic(pc.minimize(pc.prob(event))),
        pc.relation(lambda A, B: A["flod"] >= B["flod"]),
    ):
        with pytest.raises(ValueError, match="'flod'"):
            pc.check(preference, OUTCOMES)
        # A lottery's support need not cover the event.
        assert preference(pc.Distribution.point("c"), pc.Distribution.point("c"))


@pytest.mark.parametrize(
    ("outcomes", "error", "message"),
    [
        (["a", "b", "a"], ValueError, "'a' is listed twice"),
        ([1, 2, 1.0], ValueError, "listed twice"),
        ([], ValueError, "empty"),
        ("abcd", TypeError, "sequence"),
        (4, TypeError, "sequence"),
        (None, TypeError, "sequence"),
    ],
)
def test_outcomes_at_the_door(outcomes: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        pc.check(pc.indifference(), outcomes)


@pytest.mark.parametrize("axioms", [["transitivity"], ["total", ""], ["TOTAL"]])
def test_an_unknown_axiom_is_an_error_that_lists_them(axioms: list[str]) -> None:
    with pytest.raises(ValueError, match="interpolation_open"):
        pc.check(pc.indifference(), OUTCOMES, axioms=axioms)


@pytest.mark.parametrize("budget", [0, -1, math.nan])
def test_a_budget_is_positive(budget: float) -> None:
    with pytest.raises(ValueError, match="budget"):
        pc.check(pc.indifference(), OUTCOMES, budget=budget)


# -- black boxes ----------------------------------------------------------------------------------------------------


def exponential(A: Any, B: Any) -> Any:
    return math.exp(A.expect(WATER)) <= math.exp(B.expect(WATER))


def support_size(A: Any, B: Any) -> Any:
    return len(A.support) <= len(B.support)


def rounded_to_float(A: Any, B: Any) -> Any:
    return float(A.expect(WATER)) <= float(B.expect(WATER))


def listed(A: Any, B: Any) -> Any:
    return max(p for _, p in A.items()) <= max(p for _, p in B.items())


def looped(A: Any, B: Any) -> Any:
    return sum(1 for _ in A) <= sum(1 for _ in B)


def hashed(A: Any, B: Any) -> Any:
    return len({A.expect(WATER), B.expect(WATER)}) <= 2


def pushed(A: Any, B: Any) -> Any:
    return A.map(str.upper)["A"] >= B.map(str.upper)["A"]


def root(A: Any, B: Any) -> Any:
    return A.expect(WATER) ** 0.5 <= B.expect(WATER) ** 0.5


def with_numpy(A: Any, B: Any) -> Any:
    return np.sqrt(np.float64(A.expect(WATER))) <= np.sqrt(np.float64(B.expect(WATER)))


def indexed(A: Any, B: Any) -> Any:
    return [0, 1, 2, 3, 4, 5, 6, 7][int(A.expect(WATER))] <= int(B.expect(WATER))


def numerator(A: Any, B: Any) -> Any:
    return A.expect(WATER).denominator >= B.expect(WATER).denominator


BOXES: tuple[Callable[[Any, Any], Any], ...] = (
    *(exponential, support_size, rounded_to_float, listed, looped, hashed, pushed),
    *(root, with_numpy, indexed, numerator),
)


def rounded(A: Any, B: Any) -> Any:
    return round(A.expect(WATER)) <= round(B.expect(WATER))


def floored(A: Any, B: Any) -> Any:
    return A.expect(WATER) // 2 <= B.expect(WATER) // 2


def remainder(A: Any, B: Any) -> Any:
    return A.expect(WATER) % 2 <= B.expect(WATER) % 2


def powered(A: Any, B: Any) -> Any:
    return 2 ** A.expect(WATER) <= 2 ** B.expect(WATER)


def fraction(A: Any, B: Any) -> Any:
    return Fraction(A.expect(WATER)) <= Fraction(B.expect(WATER))


def membership(A: Any, B: Any) -> Any:
    return "a" in A or "a" not in B


def written(A: Any, B: Any) -> Any:
    return len(str(A)) <= len(str(B))


def formatted(A: Any, B: Any) -> Any:
    return f"{A.expect(WATER)}" <= f"{B.expect(WATER)}"


def represented(A: Any, B: Any) -> Any:
    return repr(A) <= repr(B)


def mixed(A: Any, B: Any) -> Any:
    return pc.mix(HALF, A, B).expect(WATER) <= 5


HARD_BOXES = (rounded, floored, remainder, powered, fraction, membership, mixed)
TEXT_BOXES = (written, formatted, represented)


def named(function: Callable[..., Any]) -> str:
    return function.__name__


@pytest.mark.parametrize("function", (*BOXES, *HARD_BOXES, *TEXT_BOXES), ids=named)
def test_a_black_box_says_why_with_the_line_and_evaluates(function: Callable[[Any, Any], Any]) -> None:
    preference = pc.relation(function)
    traced = formula_of(preference, OUTCOMES)
    assert isinstance(traced, BlackBox), "it was traced, to a formula that does not say what the function says"
    start = inspect.getsourcelines(function)[1]
    body = linecache.getline(__file__, start + 1).strip()
    assert f"line {start + 1}" in traced.reason and body in traced.reason
    points = [pc.Distribution.point("a"), pc.Distribution({"b": HALF, "d": HALF}), pc.Distribution.point("d")]
    for A in points:
        for B in points:
            assert preference(A, B) is bool(function(A, B))


@pytest.mark.parametrize("function", (*BOXES, *HARD_BOXES, *TEXT_BOXES), ids=named)
def test_a_black_box_is_never_proved_and_its_refutations_hold(function: Callable[[Any, Any], Any]) -> None:
    report = pc.check(pc.relation(function), ("a", "b", "d"), budget=2)
    for axiom, verdict in report.items():
        assert not isinstance(verdict, pc.Proved), axiom
        if isinstance(verdict, pc.Unknown):
            assert "black box" in verdict.reason
        else:
            assert isinstance(pc.kernel.check(verdict.claim, verdict.evidence), pc.Refuted)


# -- quotients ------------------------------------------------------------------------------------------------------

FLOOD = {"a"}
RATES = {"a": HALF, "b": 1, "c": 2, "d": 4}  # positive at every outcome


def quotient(A: Any, B: Any) -> Any:
    return (1 + A.expect(WATER)) / (2 + A["a"]) <= (1 + B.expect(WATER)) / (2 + B["a"])


def linear_fractional(A: Any, B: Any) -> Any:
    return A.expect(WATER) / A.expect(RATES) <= B.expect(WATER) / B.expect(RATES)


def negative_divisor(A: Any, B: Any) -> Any:
    return A.expect(WATER) / (-1 - A.prob(FLOOD)) >= B.expect(WATER) / (-1 - B.prob(FLOOD))


def both_lotteries(A: Any, B: Any) -> Any:
    return (A.expect(WATER) - B.expect(WATER)) / (3 + A.prob(FLOOD) + 2 * B.prob(FLOOD)) <= Fraction(1, 4)


def number_above(A: Any, B: Any) -> Any:
    return 1 / A.expect(RATES) + 2 >= 1 / B.expect(RATES) + 2


def nested(A: Any, B: Any) -> Any:
    return (A.expect(WATER) / A.expect(RATES) + 1) / (1 + A["b"]) <= (B.expect(WATER) / B.expect(RATES) + 1) / (
        1 + B["b"]
    )


def in_a_product(A: Any, B: Any) -> Any:
    return (A.expect(WATER) / A.expect(RATES)) ** 2 <= (B.expect(WATER) / B.expect(RATES)) * B.expect(WATER)


def in_a_maximum(A: Any, B: Any) -> Any:
    values = [pc.maximum(L.expect(WATER) / L.expect(RATES), L["b"], HALF) for L in (A, B)]
    return values[0] <= values[1]


def in_a_case(A: Any, B: Any) -> Any:
    if A.expect(WATER) / A.expect(RATES) > 1:
        return A["a"] / (1 + A["b"]) <= B["a"] / (1 + B["b"])
    return A.expect(WATER) <= B.expect(WATER)


QUOTIENTS = (
    *(quotient, linear_fractional, negative_divisor, both_lotteries),
    *(number_above, nested, in_a_product, in_a_maximum, in_a_case),
)


@pytest.mark.parametrize("function", QUOTIENTS, ids=named)
def test_a_quotient_is_traced_to_what_it_says(function: Callable[[Any, Any], Any]) -> None:
    preference = pc.relation(function)
    formula = formula_of(preference, OUTCOMES)
    assert isinstance(formula, Formula)
    assert any(isinstance(node, Quotient) for node in formula.nodes)
    points = [pc.Distribution.point(o) for o in OUTCOMES]
    points += [pc.mix(share, x, y) for share in (HALF, Fraction(1, 5)) for x, y in product(points, repeat=2) if x != y]
    answers = set()
    for A, B in product(points, repeat=2):
        expected = bool(function(A, B))  # on exact distributions
        assert preference(A, B) is expected
        assert formula_says(formula, A, B) is expected
        answers.add(expected)
    assert answers == {True, False}


@pytest.mark.parametrize("function", QUOTIENTS, ids=named)
def test_the_verdicts_on_quotients_hold(function: Callable[[Any, Any], Any]) -> None:
    points = [pc.Distribution.point(o) for o in ("a", "b", "d")]
    points += [pc.mix(HALF, x, y) for x, y in product(points, repeat=2) if x != y]
    report = pc.check(pc.relation(function), ("a", "b", "d"), axioms=["reflexive", "transitive", "total"], budget=4)
    for A, B, C in product(points, repeat=3):
        ab, bc, ac = bool(function(A, B)), bool(function(B, C)), bool(function(A, C))
        if isinstance(report["reflexive"], pc.Proved):
            assert function(A, A)
        if isinstance(report["transitive"], pc.Proved):
            assert ac or not (ab and bc)
        if isinstance(report["total"], pc.Proved):
            assert ab or function(B, A)


@pytest.mark.parametrize(
    "function",
    [
        lambda A, B: A.expect(WATER) / A.prob({"a"}) <= B.expect(WATER) / B.prob({"a"}),
        lambda A, B: A.expect(WATER) / (A["a"] - B["a"]) <= 1,
        lambda A, B: 1 / A.expect(WATER) <= 1 / B.expect(WATER),
        lambda A, B: A.expect(WATER) / (A["a"] - HALF) <= 1,
        lambda A, B: (1 / (A["a"] - 1)) <= 1,
        lambda A, B: Fraction(1, 2) / -A.prob({"b", "c"}) <= 1,
    ],
)
def test_a_divisor_that_can_be_zero_is_an_error_that_says_its_range(function: Any) -> None:
    preference = pc.relation(function)
    for act in (lambda: formula_of(preference, OUTCOMES), lambda: pc.check(preference, OUTCOMES)):
        with pytest.raises(VanishingDenominator, match=r"from .* to .* positive at every outcome"):
            act()


def test_a_divisor_that_is_zero_at_no_outcome_at_hand_is_fine() -> None:
    rate = pc.relation(lambda A, B: A.expect(WATER) / A.expect({"a": 0, "b": 1, "c": 2, "d": 3}) <= B["b"])
    assert isinstance(formula_of(rate, ("b", "c", "d")), Formula)
    with pytest.raises(VanishingDenominator):
        formula_of(rate, ("a", "b"))


def guarded(A: Any, B: Any) -> Any:
    if A["a"] == 0 or B["a"] == 0:
        return A["a"] >= B["a"]
    return A.expect(WATER) / A["a"] <= B.expect(WATER) / B["a"]


def by_a_quotient(A: Any, B: Any) -> Any:
    return A["a"] / (1 + A["b"] / (1 + A["c"])) <= B["a"] / (1 + B["b"] / (1 + B["c"]))


def by_a_product(A: Any, B: Any) -> Any:
    return A["a"] / (1 + A["b"] * A["c"]) <= B["a"]


def by_a_maximum(A: Any, B: Any) -> Any:
    return A["a"] / pc.maximum(1 + A["b"], 2) <= B["a"]


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (guarded, "only a case distinction keeps from zero"),
        (by_a_quotient, "division by what is not linear"),
        (by_a_product, "division by what is not linear"),
        (by_a_maximum, "division by what is not linear"),
    ],
)
def test_a_division_without_a_formula_is_a_black_box_with_its_reason(function: Any, reason: str) -> None:
    preference = pc.relation(function)
    traced = formula_of(preference, OUTCOMES)
    assert isinstance(traced, BlackBox) and reason in traced.reason
    points = [pc.Distribution.point("a"), pc.Distribution({"a": HALF, "d": HALF}), pc.Distribution.point("d")]
    for A, B in product(points, repeat=2):
        assert preference(A, B) is bool(function(A, B))


@pytest.mark.parametrize("divisor", [0, Fraction(0), 0.0])
def test_division_by_the_number_zero_is_pythons_error(divisor: Any) -> None:
    with pytest.raises(ZeroDivisionError):
        formula_of(pc.relation(lambda A, B: A["a"] / divisor <= B["a"]), OUTCOMES)


def size_of_support(lottery: Any) -> int:
    try:
        return len(lottery.support)
    except (TypeError, AttributeError):
        return 0


def test_a_refusal_that_the_function_swallows_still_makes_a_black_box() -> None:
    @pc.relation
    def swallowed(A: Any, B: Any) -> Any:
        return size_of_support(A) <= size_of_support(B)

    A, B = pc.Distribution({"a": HALF, "b": HALF}), pc.Distribution.point("a")
    assert swallowed(A, B) is False and swallowed(B, A) is True
    for axiom, verdict in pc.check(swallowed, ("a", "b"), budget=2).items():
        assert not isinstance(verdict, pc.Proved), axiom


def test_a_black_box_that_fails_an_axiom_is_refuted() -> None:
    report = pc.check(pc.relation(support_size), ("a", "b", "c"), budget=5)
    verdict = report["consistent"]
    assert isinstance(verdict, pc.Refuted) and isinstance(verdict.evidence, pc.Counterexample)
    A, B, C, alpha = (getattr(verdict.evidence, name) for name in ("A", "B", "C", "alpha"))
    assert support_size(A, B) and not support_size(pc.mix(alpha, A, C), pc.mix(alpha, B, C))


def test_a_black_box_cannot_be_stored(tmp_path: Any) -> None:
    report = pc.check(pc.relation(support_size), ("a", "b", "c"), axioms=["consistent"], budget=5)
    with pytest.raises(ValueError, match="black box"):
        pc.save_certificate(report["consistent"], tmp_path / "certificate.json")  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


def test_minimum_and_maximum_of_plain_numbers() -> None:
    assert pc.minimum(1, "1/2", 0.25) == Fraction(1, 4)
    assert pc.maximum(1, Fraction(3, 2)) == Fraction(3, 2)


# -- the contract (design, section 3): lotteries, relations, check, catalogue ---------------------------------------


def test_the_contract_runs_as_written() -> None:
    outcomes = ["flood", "low", "half", "full"]
    flood = {"flood"}
    water = {"flood": 0, "low": 1, "half": 3, "full": 7}
    quiet = {"flood": 0, "low": 5, "half": 2, "full": 1}
    fish = {"flood": 2, "low": 0, "half": 9, "full": 4}

    A = pc.Distribution({"low": Fraction(9, 10), "flood": Fraction(1, 10)})
    B = pc.Distribution({"half": 1})
    assert pc.mix(Fraction(1, 2), A, B) == pc.Distribution(
        {"low": Fraction(9, 20), "flood": Fraction(1, 20), "half": Fraction(1, 2)}
    )
    assert A.prob(flood) == Fraction(1, 10) and A.expect(water) == A["low"] == Fraction(9, 10)
    assert A.support == {"low", "flood"}
    assert pc.Distribution.point("half") == B
    assert A.map({"low": "dry", "flood": "wet"}.get) == pc.Distribution({"dry": "9/10", "wet": "1/10"})

    @pc.relation
    def safe_then_rich(A, B):  # type: ignore[no-untyped-def]
        return (A.prob(flood) > B.prob(flood)) | (
            (A.prob(flood) == B.prob(flood)) & (A.expect(water) <= B.expect(water))
        )

    assert safe_then_rich(A, B) is True and safe_then_rich(B, A) is False
    assert pc.compare(safe_then_rich, A, B) == "≺"
    assert pc.compare(safe_then_rich, B, A) == "≻"
    assert pc.compare(safe_then_rich, A, A) == "~"
    assert pc.compare(pc.pareto(water, quiet), pc.Distribution.point("low"), B) == "incomparable"

    report = pc.check(safe_then_rich, outcomes)
    refuted = report["interpolation"]
    assert isinstance(refuted, pc.Refuted) and isinstance(refuted.evidence, pc.Counterexample)
    for lottery in (refuted.evidence.A, refuted.evidence.B, refuted.evidence.C):
        assert isinstance(lottery, pc.Distribution) and lottery.support <= set(outcomes)
    assert isinstance(report["convex"], pc.Proved)
    assert {c.theorem for c in report.consequences} == {"T2", "T4", "T5"}
    again = pc.kernel.check(report["convex"].claim, report["convex"].evidence)
    assert again == report["convex"]
    assert len(str(report).splitlines()) > 7 and "safe_then_rich" in str(report)

    catalogue = [
        pc.expected_reward(water),
        pc.lexicographic(pc.minimize(pc.prob(flood)), pc.maximize(pc.expect(water))),
        pc.excess_risk(penalty={"flood": 20}, payoff=water),
        pc.chance_constraint(flood, Fraction(1, 10), water),
        pc.cvar(water, level=Fraction(1, 2)),
        pc.quantile(water, level=Fraction(1, 2)),
        pc.pareto(water, quiet),
        pc.stochastic_dominance(water),
        pc.majority(water, quiet, fish),
        pc.skew_symmetric(lambda x, y: water[x] - water[y]),
        pc.indifference(),
        pc.equality(),
    ]
    assert pc.prob(flood)(A) == A.prob(flood) and pc.expect(water)(A) == A.expect(water)
    for preference in catalogue:
        assert type(preference) is type(safe_then_rich)
        assert isinstance(preference(A, B), bool)
        assert preference(A, A) is True
        for verdict in pc.check(preference, outcomes).values():
            assert isinstance(verdict, (pc.Proved, pc.Refuted))
    with pytest.raises(ValueError, match="payoff"):
        pc.excess_risk(penalty={"flood": 20}, payoff={"flood": 0})(A, B)
    assert solvers.__name__ == "solvers"


def test_the_lexicographic_of_the_contract_is_the_relation_written_by_hand() -> None:
    flood, water = {"a"}, WATER
    catalogue = pc.lexicographic(pc.minimize(pc.prob(flood)), pc.maximize(pc.expect(water)))

    @pc.relation
    def by_hand(A: Any, B: Any) -> Any:
        return (A.prob(flood) > B.prob(flood)) | (
            (A.prob(flood) == B.prob(flood)) & (A.expect(water) <= B.expect(water))
        )

    points = [pc.Distribution.point(o) for o in OUTCOMES]
    points += [pc.mix(HALF, x, y) for x in points for y in points]
    for A in points:
        for B in points:
            assert catalogue(A, B) is by_hand(A, B)


@pytest.mark.parametrize("skewed", [lambda x, y: 1, lambda x, y: len(x) - len(y) + (x == "a"), lambda x, y: x < y])
def test_skewness_is_validated(skewed: Callable[[str, str], Any]) -> None:
    with pytest.raises((ValueError, TypeError), match="φ"):
        pc.check(pc.skew_symmetric(skewed), OUTCOMES)


def test_a_verdict_has_no_truth_value() -> None:
    for verdict in pc.check(pc.equality(), OUTCOMES).values():
        with pytest.raises(TypeError, match="truth value"):
            bool(verdict)


def test_the_tilde_is_logical_when_the_symbols_are_constants() -> None:
    @pc.relation
    def denied(A: Any, B: Any) -> Any:
        return ~(A.expect({"a": 1, "b": 1}) > B.expect({"a": 1, "b": 1}))

    assert denied(pc.Distribution.point("a"), pc.Distribution.point("b")) is True
    assert denied(pc.Distribution.point("a"), pc.Distribution.point("a")) is True


def test_depth_costs_no_stack() -> None:
    @pc.relation
    def long(A: Any, B: Any) -> Any:
        return reduce(lambda c, k: (A["a"] * k <= B["b"] * (k + 1)) & (~c | (A["c"] <= k)), range(2500), A["a"] <= 1)

    @pc.relation
    def deep(A: Any, B: Any) -> Any:
        return reduce(lambda t, k: pc.maximum(t - 1, A["a"] * k), range(1, 2500), A["a"]) <= B["a"]

    A, B = pc.Distribution({"a": HALF, "c": HALF}), pc.Distribution.point("b")
    for preference in (long, deep):
        formula = formula_of(preference, OUTCOMES)
        assert isinstance(formula, Formula) and len(formula.nodes) > 4000
        claim = pc.Axiom(formula, "reflexive", pc.Simplex(OUTCOMES))
        with pytest.raises(pc.EvidenceRejected):
            pc.kernel.check(claim, Refutation(True, (), (Step((), ()),)))
        assert preference(A, B) is (preference is long)


def test_a_relation_may_call_another() -> None:
    first, second = pc.expected_reward(WATER), pc.equality()
    both = pc.relation(lambda A, B: first(A, B) and not second(A, B))
    A, B = pc.Distribution.point("a"), pc.Distribution.point("b")
    assert both(A, B) is True and both(A, A) is False and both(B, A) is False


def test_what_depends_on_the_support_is_never_traced() -> None:
    """`values` ranges over the support of a lottery, so the formula over all outcomes would say something else."""
    maximin = pc.relation(lambda A, B: A.values(WATER)[0] <= B.values(WATER)[0])
    assert isinstance(formula_of(maximin, OUTCOMES), BlackBox)
    sure, gamble = pc.Distribution.point("b"), pc.Distribution({"a": HALF, "b": HALF})
    assert maximin(sure, gamble) is maximin.function(sure, gamble)


METHODS: dict[str, Callable[[Any], Any]] = {
    "prob": lambda A: A.prob({"a"}),
    "expect": lambda A: A.expect(WATER),
    "at_most": lambda A: A.at_most(WATER, 1),
    "cvar": lambda A: A.cvar(WATER, HALF),
    "quantile": lambda A: A.quantile(WATER, HALF),
    "values": lambda A: A.values(WATER)[0],
    "support": lambda A: len(A.support),
    "items": lambda A: max(p for _, p in A.items()),
    "map": lambda A: A.map(str.upper)["A"],
    "renormalised": lambda A: A.renormalised,
    "point": lambda A: type(A).point("a")["a"],
}


def test_every_public_method_of_a_distribution_means_the_same_traced() -> None:
    public = {name for name in dir(pc.Distribution) if not name.startswith("_")}
    assert public == set(METHODS)
    lotteries = [
        pc.Distribution(weights)
        for weights in ({"a": 1}, {"b": HALF, "c": HALF}, {"a": HALF, "d": HALF}, {"a": "1/3", "b": "1/3", "c": "1/3"})
    ]
    for name, method in METHODS.items():
        relation = pc.relation(lambda A, B, method=method: method(A) <= method(B))
        for A, B in product(lotteries, repeat=2):
            assert relation(A, B) is bool(method(A) <= method(B)), name


def test_a_symbol_of_another_trace_is_refused() -> None:
    kept: dict[str, Any] = {}

    @pc.relation
    def first(A: Any, B: Any) -> Any:
        kept.update(term=A.prob({"a"}), condition=A.expect(WATER) <= B.expect(WATER), lottery=A)
        return kept["condition"]

    pc.check(first, OUTCOMES, axioms=["reflexive"])
    for wrong in (
        lambda A, B: kept["term"] <= B.prob({"a"}),
        lambda A, B: (A.expect(WATER) <= 1) & kept["condition"],
        lambda A, B: kept["lottery"] == A,
        lambda A, B: kept["condition"],
    ):
        with pytest.raises(TypeError, match="kept from another call"):
            pc.check(pc.relation(wrong), OUTCOMES)
