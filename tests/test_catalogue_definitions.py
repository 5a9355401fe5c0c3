"""Each relation of the catalogue against its definition in Fractions, with none of the library's functionals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Context, Decimal
from fractions import Fraction
from itertools import pairwise, product
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import prefcore as pc
from prefcore import catalogue as c
from prefcore.claims import BlackBox
from prefcore.formula import evaluate, feature_values
from prefcore.relations import formula_of

OUTCOMES = "abcde"
HALF, TENTH = Fraction(1, 2), Fraction(1, 10)
some = settings(max_examples=60, deadline=None)

Plain = dict[Any, Fraction]


@st.composite
def lotteries(draw: st.DrawFn) -> Plain:
    weights = draw(st.lists(st.integers(0, 3), min_size=5, max_size=5).filter(any))
    return {o: Fraction(w, sum(weights)) for o, w in zip(OUTCOMES, weights, strict=True)}


def payoffs(low: int = -2, high: int = 3) -> st.SearchStrategy[dict[str, Any]]:
    numbers = st.one_of(st.integers(low, high), st.fractions(low, high, max_denominator=3))
    return st.fixed_dictionaries(dict.fromkeys(OUTCOMES, numbers))


events = st.frozensets(st.sampled_from(OUTCOMES))
shares = st.sampled_from([Fraction(1, 4), Fraction(1, 3), HALF, Fraction(2, 3), Fraction(9, 10), Fraction(1)])
several = st.lists(payoffs(), min_size=1, max_size=4)


def E(a: Plain, u: Any) -> Fraction:
    return sum((p * (u(o) if callable(u) else u[o]) for o, p in a.items()), Fraction(0))


def P(a: Plain, holds: Callable[[Any], bool]) -> Fraction:
    return sum((p for o, p in a.items() if holds(o)), Fraction(0))


def agree(preference: pc.Relation[Any], a: Plain, b: Plain, expected: bool) -> None:
    """The relation says it over the supports, and over all outcomes, those of probability zero included."""
    assert preference(pc.Distribution(a), pc.Distribution(b)) is bool(expected)
    outcomes = tuple(a)
    formula = formula_of(preference, outcomes)
    assert not isinstance(formula, BlackBox), formula
    features = (feature_values(formula, [(outcomes.index(o), p) for o, p in x.items()]) for x in (a, b))
    assert evaluate(formula, *features) is bool(expected)


def levels(a: Plain, u: Mapping[str, Any]) -> list[Any]:
    """The payoffs that can happen, upwards."""
    return sorted({u[o] for o, p in a.items() if p})


# -- one payoff -----------------------------------------------------------------------------------------------------


@given(lotteries(), lotteries(), payoffs(), st.fractions(-1, 1, max_denominator=4))
@some
def test_quadratic_utility(a: Plain, b: Plain, u: Any, curvature: Fraction) -> None:
    x, y = (E(z, u) - curvature * E(z, {o: v * v for o, v in u.items()}) for z in (a, b))
    agree(c.quadratic_utility(u, curvature), a, b, x <= y)


def exponential(x: Fraction) -> Fraction:
    """e^x by its series, to far more digits than needed."""
    term, total = Fraction(1), Fraction(1)
    for k in range(1, 90):
        term = term * x / k
        total += term
    return total


@given(lotteries(), lotteries(), payoffs(), st.sampled_from([TENTH, Fraction(1, 3), HALF, Fraction(2)]))
@some
def test_entropic_risk(a: Plain, b: Plain, u: Any, theta: Fraction) -> None:
    x, y = (E(z, {o: exponential(-theta * v) for o, v in u.items()}) for z in (a, b))
    same = all(P(a, lambda o, t=t: u[o] == t) == P(b, lambda o, t=t: u[o] == t) for t in u.values())
    assume(same or abs(x - y) > Fraction(1, 10**20) * x)
    agree(c.entropic_risk(u, theta), a, b, same or y <= x)


@pytest.mark.parametrize("digits", [1, 2, 5, 30])
@pytest.mark.parametrize("x", [Fraction(0), Fraction(1, 3), Fraction(-7, 2), Fraction(5), Fraction(-1, 1000)])
def test_the_stated_error_of_an_exponential(digits: int, x: Fraction) -> None:
    from prefcore.catalogue.rewards import _exponential

    approximate, true = _exponential(x, digits, "o"), exponential(x)
    assert abs(approximate - true) <= true * Fraction(1, 10 ** (digits - 1))
    shown = Context(prec=60).divide(Decimal(approximate.numerator), Decimal(approximate.denominator))
    assert len(shown.normalize().as_tuple().digits) <= digits


# -- risk -----------------------------------------------------------------------------------------------------------


def poured(a: Plain, u: Mapping[str, Any], level: Fraction) -> Fraction:
    """The mean of the worst share, by pouring from the bottom."""
    left, total = level, Fraction(0)
    for o in sorted(OUTCOMES, key=u.__getitem__):
        taken = min(left, a[o])
        total, left = total + taken * u[o], left - taken
    return total / level


@given(lotteries(), lotteries(), payoffs(), st.dictionaries(shares, st.integers(0, 3), min_size=1, max_size=3))
@some
def test_spectral_risk(a: Plain, b: Plain, u: Any, raw: dict[Fraction, int]) -> None:
    assume(any(raw.values()))
    weights = {p: Fraction(w, sum(raw.values())) for p, w in raw.items()}
    x, y = (sum(w * poured(z, u, p) for p, w in weights.items()) for z in (a, b))
    agree(c.spectral_risk(u, weights), a, b, x <= y)


@given(lotteries(), lotteries(), payoffs(), st.sampled_from([Fraction(0), TENTH, Fraction(1, 3), HALF, 1 - TENTH]))
@some
def test_upper_quantile_and_value_at_risk(a: Plain, b: Plain, u: Any, level: Fraction) -> None:
    x, y = (min(t for t in u.values() if P(z, lambda o, t=t: u[o] <= t) > level) for z in (a, b))
    agree(c.upper_quantile(u, level), a, b, x <= y)
    if level:
        agree(c.value_at_risk(u, level), a, b, -x >= -y)
        x, y = (min(t for t in u.values() if P(z, lambda o, t=t: u[o] <= t) >= level) for z in (a, b))
        agree(c.value_at_risk(u, level, upper=False), a, b, -x >= -y)


@given(lotteries(), lotteries(), payoffs(), st.fractions(0, 3, max_denominator=4))
@some
def test_mean_variance(a: Plain, b: Plain, u: Any, aversion: Fraction) -> None:
    x, y = (m - aversion * E(z, lambda o, m=m: (u[o] - m) ** 2) for z in (a, b) for m in [E(z, u)])
    agree(c.mean_variance(u, aversion), a, b, x <= y)


@given(lotteries(), lotteries(), payoffs(), st.fractions(0, 3, max_denominator=4))
@some
def test_mean_semideviation(a: Plain, b: Plain, u: Any, weight: Fraction) -> None:
    x, y = (m - weight * E(z, lambda o, m=m: max(Fraction(0), m - u[o])) for z in (a, b) for m in [E(z, u)])
    agree(c.mean_semideviation(u, weight), a, b, x <= y)


# -- limits ---------------------------------------------------------------------------------------------------------


@given(lotteries(), lotteries(), events, payoffs(), payoffs(), st.sampled_from([Fraction(0), Fraction(1, 3), HALF]))
@some
def test_constrained(a: Plain, b: Plain, bad: frozenset[str], v: Any, u: Any, limit: Fraction) -> None:
    preference = c.constrained([c.at_most(pc.prob(bad), limit), c.at_least(pc.expect(v), 1)], pc.minimize(pc.expect(u)))

    def key(z: Plain) -> tuple[Fraction, Fraction]:
        violation = max(Fraction(0), P(z, bad.__contains__) - limit) + max(Fraction(0), 1 - E(z, v))
        return -violation, -E(z, u) if violation == 0 else Fraction(0)

    agree(preference, a, b, key(a) <= key(b))
    alone = c.constrained([c.at_most(pc.prob(bad), limit)], pc.maximize(pc.expect(u)))
    agree(pc.chance_constraint(bad, limit, u), a, b, alone(pc.Distribution(a), pc.Distribution(b)))


# -- several utilities or priors ------------------------------------------------------------------------------------


@given(lotteries(), lotteries(), several, st.fractions(0, 1, max_denominator=4))
@some
def test_several_utilities(a: Plain, b: Plain, us: list[Any], optimism: Fraction) -> None:
    x, y = ([E(z, u) for u in us] for z in (a, b))
    agree(c.maxmin(*us), a, b, min(x) <= min(y))
    agree(c.maxmax(*us), a, b, max(x) <= max(y))
    mixed = [optimism * max(z) + (1 - optimism) * min(z) for z in (x, y)]
    agree(c.hurwicz(us, optimism), a, b, mixed[0] <= mixed[1])
    agree(c.unanimity(*us), a, b, all(p <= q for p, q in zip(x, y, strict=True)))


ACTS = ((0, 7, 1), (1, 3, 1), (3, 1, 0), (2, 2, 2), (5, 0, 0))
PRIORS = ({0: HALF, 1: HALF}, {0: "1/4", 1: "1/4", 2: HALF}, pc.Distribution({2: 1}))


@given(lotteries(), lotteries(), st.integers(1, 3))
@some
def test_several_priors(letters_a: Plain, letters_b: Plain, count: int) -> None:
    a, b = (dict(zip(ACTS, z.values(), strict=True)) for z in (letters_a, letters_b))
    tables = [(HALF, HALF, 0), (Fraction(1, 4), Fraction(1, 4), HALF), (0, 0, 1)][:count]
    x, y = ([sum(z[f] * p * f[s] ** 2 for f in ACTS for s, p in enumerate(table)) for table in tables] for z in (a, b))
    agree(c.maxmin_priors(PRIORS[:count], lambda x: x * x), a, b, min(x) <= min(y))
    agree(c.bewley(PRIORS[:count], lambda x: x * x), a, b, all(p <= q for p, q in zip(x, y, strict=True)))


# -- dominance ------------------------------------------------------------------------------------------------------


@given(lotteries(), lotteries(), payoffs(0, 2))
@some
def test_second_order_dominance(a: Plain, b: Plain, u: Any) -> None:
    grid = [Fraction(k, 6) for k in range(-1, 30)]
    short = [[E(z, lambda o, t=t: max(Fraction(0), t - u[o])) for t in grid] for z in (a, b)]
    agree(c.second_order_dominance(u), a, b, all(y <= x for x, y in zip(*short, strict=True)))


def lowest(left: Fraction, middle: Fraction, right: Fraction) -> Fraction:
    """The least value on [0, 1] of the parabola with these values at 0, 1/2 and 1."""
    bend, slope = 2 * (left - 2 * middle + right), 4 * middle - 3 * left - right
    if bend > 0 and 0 < -slope / (2 * bend) < 1:
        return left - slope * slope / (4 * bend)
    return min(left, right)


@given(lotteries(), lotteries(), payoffs(0, 2))
@settings(max_examples=300, deadline=None)
def test_third_order_dominance(a: Plain, b: Plain, u: Any) -> None:
    def gain(t: Fraction) -> Fraction:
        x, y = (E(z, lambda o: max(Fraction(0), t - u[o]) ** 2) for z in (a, b))
        return x - y

    points = [*sorted({Fraction(x) for x in u.values()}), Fraction(10**9)]
    expected = all(lowest(gain(s), gain((s + t) / 2), gain(t)) >= 0 for s, t in pairwise(points))
    agree(c.third_order_dominance(u), a, b, expected)


def test_third_order_dominance_looks_between_the_payoffs() -> None:
    """E (t - x)₊² is in order at every payoff, at infinity, and out of order between 2 and 3 only."""
    u = dict(zip("abcd", range(4), strict=True))
    a = {"a": Fraction(10, 76), "b": Fraction(0), "c": Fraction(66, 76), "d": Fraction(0)}
    b = {"a": Fraction(0), "b": Fraction(39, 76), "c": Fraction(0), "d": Fraction(37, 76)}

    def gain(t: Fraction) -> Fraction:
        x, y = (E(z, lambda o: max(Fraction(0), t - u[o]) ** 2) for z in (a, b))
        return x - y

    assert all(gain(Fraction(t)) >= 0 for t in (1, 2, 3, 10**6)) and gain(Fraction(5, 2)) < 0
    agree(c.third_order_dominance(u), a, b, False)


# -- votes and thresholds -------------------------------------------------------------------------------------------


@given(lotteries(), lotteries(), st.lists(st.tuples(payoffs(), st.fractions(0, 3, max_denominator=3)), min_size=1))
@some
def test_weighted_majority(a: Plain, b: Plain, voters: list[tuple[Any, Fraction]]) -> None:
    us, ws = zip(*voters, strict=True)
    assume(any(ws))
    expected = 2 * sum(w for u, w in voters if E(a, u) <= E(b, u)) >= sum(ws)
    agree(c.weighted_majority(us, ws), a, b, expected)


@given(lotteries(), lotteries(), payoffs(), payoffs(0, 2), st.fractions(0, 2, max_denominator=3))
@some
def test_thresholds(a: Plain, b: Plain, u: Any, width: Any, threshold: Fraction) -> None:
    high = {o: u[o] + width[o] for o in OUTCOMES}
    agree(c.interval_order(u, high), a, b, not E(a, u) > E(b, high))
    agree(c.semiorder(u, threshold), a, b, not E(a, u) - E(b, u) > threshold)


@given(lotteries(), lotteries(), st.lists(st.tuples(payoffs(), st.integers(0, 1)), min_size=1, max_size=3))
@some
def test_lexicographic_semiorder(a: Plain, b: Plain, attributes: list[tuple[Any, int]]) -> None:
    us, thresholds = zip(*attributes, strict=True)
    expected = True
    for u, threshold in attributes:
        if abs(E(b, u) - E(a, u)) > threshold:
            expected = E(b, u) > E(a, u)
            break
    agree(c.lexicographic_semiorder(us, thresholds), a, b, expected)


# -- utilities that are not expectations ----------------------------------------------------------------------------


@given(lotteries(), lotteries(), payoffs(), payoffs(1, 4))
@some
def test_weighted_utility(a: Plain, b: Plain, u: Any, w: Any) -> None:
    x, y = (E(z, lambda o: w[o] * u[o]) / E(z, w) for z in (a, b))
    agree(c.weighted_utility(u, w), a, b, x <= y)


def drawn(points: dict[Fraction, Fraction], p: Fraction) -> Fraction:
    """The weighting at p, on the chord between its breakpoints."""
    for (x, low), (y, high) in pairwise(sorted(points.items())):
        if x <= p <= y:
            return low + (high - low) * (p - x) / (y - x)
    raise AssertionError(p)


@given(lotteries(), lotteries(), payoffs(), st.lists(st.integers(0, 6), max_size=2), st.integers(1, 5))
@some
def test_rank_dependent(a: Plain, b: Plain, u: Any, inner: list[int], shift: int) -> None:
    places = [Fraction(k + shift, 12) for k in range(len(inner))]
    points = {Fraction(0): Fraction(0), Fraction(1): Fraction(1)}
    points |= dict(zip(places, (Fraction(x, 6) for x in sorted(inner)), strict=True))

    def value(z: Plain) -> Fraction:
        total, above = Fraction(0), Fraction(0)
        for o in sorted(OUTCOMES, key=u.__getitem__, reverse=True):  # from the best: decision weights by rank
            total += u[o] * (drawn(points, above + z[o]) - drawn(points, above))
            above += z[o]
        return total

    agree(c.rank_dependent(u, points), a, b, value(a) <= value(b))


@given(lotteries(), lotteries(), payoffs(), shares)
@some
def test_cvar_is_rank_dependent(a: Plain, b: Plain, u: Any, level: Fraction) -> None:
    points = {0: 0, 1: 1} | ({1 - level: 0} if level < 1 else {})
    agree(c.rank_dependent(u, points), a, b, poured(a, u, level) <= poured(b, u, level))


def disappointed(a: Plain, u: Mapping[str, Any], beta: Fraction) -> Fraction:
    """The V that is E u - β E (V - u)⁺: linear between payoffs, so found between the two where the sign changes."""

    def over(v: Fraction) -> Fraction:
        return v + beta * E(a, lambda o: max(Fraction(0), v - u[o])) - E(a, u)

    points = sorted({Fraction(x) for x in u.values()})
    for low, high in pairwise([*points, points[-1]]):
        if over(low) <= 0 <= over(high):
            v = low if over(low) == 0 else low - over(low) * (high - low) / (over(high) - over(low))
            assert over(v) == 0
            return v
    raise AssertionError(a)


@given(lotteries(), lotteries(), payoffs(), st.sampled_from([Fraction(0), HALF, Fraction(3), -HALF, -1 + TENTH]))
@some
def test_disappointment_aversion(a: Plain, b: Plain, u: Any, beta: Fraction) -> None:
    agree(c.disappointment_aversion(u, beta), a, b, disappointed(a, u, beta) <= disappointed(b, u, beta))


PAIRS = [(x, y) for x, y in product(OUTCOMES, OUTCOMES) if x <= y]


@given(lotteries(), lotteries(), st.lists(st.integers(-2, 2), min_size=15, max_size=15), payoffs())
@some
def test_mixture_symmetric(a: Plain, b: Plain, entries: list[int], u: Any) -> None:
    phi = {pair: value for (x, y), value in zip(PAIRS, entries, strict=True) for pair in ((x, y), (y, x))}
    x, y = (sum(z[o] * z[q] * phi[o, q] for o, q in product(OUTCOMES, OUTCOMES)) for z in (a, b))
    agree(c.mixture_symmetric(lambda o, q: phi[o, q]), a, b, x <= y)
    spread = c.mixture_symmetric(lambda o, q: Fraction(u[o] + u[q]) / 2 - 2 * Fraction(u[o] - u[q]) ** 2 / 2)
    agree(spread, a, b, c.mean_variance(u, 2)(pc.Distribution(a), pc.Distribution(b)))


# -- pairs ----------------------------------------------------------------------------------------------------------


def both(a: Plain, b: Plain, phi: Callable[[Any, Any], Any]) -> Any:
    return sum(a[x] * b[y] * phi(x, y) for x, y in product(OUTCOMES, OUTCOMES))


@given(lotteries(), lotteries(), payoffs(0, 2))
@some
def test_outperforming_and_regret(a: Plain, b: Plain, u: Any) -> None:
    agree(c.outperforming(u), a, b, both(a, b, lambda x, y: u[y] > u[x]) >= both(a, b, lambda x, y: u[x] > u[y]))
    joy = both(a, b, lambda x, y: Fraction(u[x] - u[y]) ** 3)
    agree(c.regret(u, lambda gain: gain**3), a, b, joy <= 0)
    agree(c.regret(u, lambda gain: 2 * gain), a, b, E(a, u) <= E(b, u))


@given(lotteries(), lotteries(), st.lists(st.integers(0, 6), min_size=10, max_size=10))
@some
def test_pairwise(a: Plain, b: Plain, entries: list[int]) -> None:
    chance = {(x, x): HALF for x in OUTCOMES}
    for (x, y), value in zip([p for p in PAIRS if p[0] != p[1]], entries, strict=True):
        chance[x, y], chance[y, x] = Fraction(value, 6), 1 - Fraction(value, 6)
    matrix = [[chance[x, y] for y in OUTCOMES] for x in OUTCOMES]
    expected = sum(a[x] * b[y] * chance[y, x] for x, y in product(OUTCOMES, OUTCOMES)) >= HALF
    agree(c.pairwise(matrix, list(OUTCOMES)), a, b, expected)


# -- supports -------------------------------------------------------------------------------------------------------


@given(lotteries(), lotteries(), payoffs(0, 2))
@some
def test_supports(a: Plain, b: Plain, u: Any) -> None:
    x, y = levels(a, u), levels(b, u)
    agree(c.worst_case(u), a, b, x[0] <= y[0])
    agree(c.best_case(u), a, b, x[-1] <= y[-1])
    agree(c.support_lexicographic(u), a, b, x <= y)


# -- compositions ---------------------------------------------------------------------------------------------------


@given(lotteries(), lotteries(), payoffs(0, 1), payoffs(), shares)
@some
def test_compositions(a: Plain, b: Plain, u: Any, v: Any, level: Fraction) -> None:
    tail, median, mean = c.cvar(u, level), c.quantile(u, HALF), c.expected_reward(v)

    def says(x: Plain, y: Plain) -> tuple[bool, bool, bool]:
        middle = [min(t for t in u.values() if P(z, lambda o, t=t: u[o] <= t) >= HALF) for z in (x, y)]
        return poured(x, u, level) <= poured(y, u, level), middle[0] <= middle[1], E(x, v) <= E(y, v)

    there, back = says(a, b), says(b, a)
    agree(c.conjunction(tail, median, mean), a, b, all(there))
    agree(c.disjunction(tail, median, mean), a, b, any(there))
    decided = next((x for x, y in zip(there, back, strict=True) if x != y), True)
    agree(c.lexicographic_composition(tail, median, mean), a, b, decided)


@given(lotteries(), lotteries(), payoffs(0, 1), payoffs(0, 1), payoffs())
@some
def test_what_the_first_cannot_compare_stays_incomparable(a: Plain, b: Plain, u: Any, v: Any, w: Any) -> None:
    there, back = (all(E(x, z) <= E(y, z) for z in (u, v)) for x, y in ((a, b), (b, a)))
    expected = there and (not back or E(a, w) <= E(b, w))
    agree(c.lexicographic_composition(c.pareto(u, v), c.expected_reward(w)), a, b, expected)


PLACES = dict(zip(OUTCOMES, ((0, 5), (0, 6), (1, 5), (2, 6), (2, 7)), strict=True))


@given(lotteries(), lotteries())
@some
def test_product(letters_a: Plain, letters_b: Plain) -> None:
    a, b = ({PLACES[o]: p for o, p in z.items()} for z in (letters_a, letters_b))
    marginals = [[{t: P(z, lambda o, t=t, k=k: o[k] == t) for t in range(8)} for z in (a, b)] for k in (0, 1)]
    (x0, y0), (x1, y1) = marginals
    small, large = (lambda x: x % 3), (lambda x: x * x % 11)
    worst = min(small(t) for t in range(8) if x0[t]) <= min(small(t) for t in range(8) if y0[t])
    agree(c.product(c.worst_case(small), c.expected_reward(large)), a, b, worst and E(x1, large) <= E(y1, large))
    agree(c.product(c.equality(), c.indifference()), a, b, x0 == y0)
    agree(c.product(c.indifference(), c.equality()), a, b, x1 == y1)
    odd = c.product(c.outperforming(small), c.weighted_utility(large, lambda x: x + 1))
    wins = sum(x0[s] * y0[t] * ((small(t) > small(s)) - (small(s) > small(t))) for s in range(8) for t in range(8))
    ratios = [E(z, lambda t: large(t) * (t + 1)) / E(z, lambda t: t + 1) for z in (x1, y1)]
    agree(odd, a, b, wins >= 0 and ratios[0] <= ratios[1])


def test_compositions_take_what_users_write() -> None:
    u = dict(zip(OUTCOMES, range(5), strict=True))

    @pc.relation
    def forked(A: Any, B: Any) -> Any:
        if A["a"] > B["a"]:
            return True
        return A.expect(u) <= B.expect(u) if A["a"] == B["a"] else False

    @pc.relation
    def opaque(A: Any, B: Any) -> Any:
        return len(A.support) <= len(B.support)

    A, B = pc.Distribution({"a": HALF, "e": HALF}), pc.Distribution({"b": 1})
    assert c.conjunction(forked, c.cvar(u, HALF))(A, B) is True
    for composed, expected in (
        (c.conjunction(forked, opaque), False),
        (c.disjunction(opaque, forked), True),
        (c.lexicographic_composition(opaque, forked), False),
        (c.lexicographic_composition(forked, opaque), True),
    ):
        assert isinstance(formula_of(composed, tuple(OUTCOMES)), BlackBox)
        assert composed(A, B) is expected
    pairs = [pc.Distribution({(x, 0): p for x, p in lottery.items()}) for lottery in (A, B)]
    assert c.product(opaque, c.indifference())(*pairs) is False
    assert c.product(forked, c.indifference())(*pairs) is True
