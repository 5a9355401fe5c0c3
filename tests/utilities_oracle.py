"""Comparisons, drawn, and what z3 and arithmetic of this file's own say of their utilities."""

from __future__ import annotations

from fractions import Fraction
from random import Random
from typing import Any

import numpy as np
import pytest
import z3
from hypothesis import strategies as st
from scipy.optimize import linprog
from scipy.sparse import csr_matrix

import prefcore as pc
from prefcore import kernel
from prefcore.claims import HasUtility
from prefcore.comparisons import Comparisons
from solvers.rewards.utilities import (
    Recovery,
)

F = Fraction
ZERO, ONE = F(0), F(1)
D, point = pc.Distribution, pc.Distribution.point
x, y, z, w = map(point, "xyzw")


def q(number: Fraction) -> Any:
    return z3.Q(number.numerator, number.denominator)


def variables(data: Comparisons, *more: pc.Distribution) -> dict[Any, Any]:
    outcomes = dict.fromkeys((*data.outcomes, *(o for lottery in more for o in lottery)))
    return {o: z3.Real(f"u{i}") for i, o in enumerate(outcomes)}


def gain(u: dict[Any, Any], A: pc.Distribution, B: pc.Distribution) -> Any:
    return z3.Sum([q(p) * u[o] for o, p in B.items()]) - z3.Sum([q(p) * u[o] for o, p in A.items()])


def compatible(data: Comparisons, u: dict[Any, Any], least: Any = None) -> list[Any]:
    """z3's constraints on a utility; with `least`, in [0, 1] and with such strict gaps."""
    found = [gain(u, *pair) > 0 if least is None else gain(u, *pair) >= least for pair in data.strict]
    found += [gain(u, *pair) >= 0 for pair in data.weak]
    return found + ([z3.And(v >= 0, v <= 1) for v in u.values()] if least is not None else [])


def largest_gap(data: Comparisons) -> Fraction:
    """z3's exact optimum."""
    optimiser, t = z3.Optimize(), z3.Real("t")
    optimiser.add(compatible(data, variables(data), t))
    best = optimiser.maximize(t)
    assert optimiser.check() == z3.sat
    value = z3.simplify(z3.ToReal(best.value()) if z3.is_int(best.value()) else best.value())
    return F(value.numerator_as_long(), value.denominator_as_long())


def explains(utility: Any, data: Comparisons) -> list[Fraction]:
    """The gains in strict comparisons, all compared exactly; asserts that no weak one is contradicted."""
    assert all(B.expect(utility) >= A.expect(utility) for A, B in data.weak)
    return [B.expect(utility) - A.expect(utility) for A, B in data.strict]


def verified(answer: Recovery, data: Comparisons) -> None:
    """Every part of an answer, by this file's own arithmetic."""
    assert answer.comparisons is data
    assert isinstance(answer.verdict, (pc.Proved, pc.Refuted)) and answer.verdict.claim == HasUtility(data)
    assert type(kernel.check(answer.verdict.claim, answer.verdict.evidence)) is type(answer.verdict)
    if isinstance(answer.verdict, pc.Proved):
        assert answer.utility is not None and answer.weights is None and answer.conflict == ()
        assert list(answer.utility) == list(data.outcomes)
        assert all(type(v) is Fraction and 0 <= v <= 1 for v in answer.utility.values())
        found = explains(answer.utility, data)
        assert answer.margin == (min(found) if data.strict else None)
        assert not data.strict or min(found) > 0
        assert isinstance(answer.largest, pc.Refuted)
        return
    assert answer.utility is None and answer.margin is None and answer.weights is not None
    assert len(answer.weights) == len(data) and all(type(v) is Fraction and v >= 0 for v in answer.weights)
    assert any(answer.weights[: len(data.strict)])
    total: dict[Any, Fraction] = {}
    for v, (A, B) in zip(answer.weights, (*data.strict, *data.weak), strict=True):
        for sign, lottery in ((1, B), (-1, A)):
            for o, p in lottery.items():
                total[o] = total.get(o, ZERO) + sign * v * p
    assert not any(total.values())
    assert [v for _, _, v in answer.conflict] == [v for v in answer.weights if v]
    with pytest.raises(ValueError, match="no utility"):
        _ = answer.largest


OUTCOMES = ("flood", "höch", ("low", 1), 4, None)
shares = st.lists(st.sampled_from([0, 0, 0, 1, 1, 2, 3, 10**9]), min_size=5, max_size=5).filter(any)
lotteries = shares.map(lambda s: D({o: F(v, sum(s)) for o, v in zip(OUTCOMES, s, strict=True) if v}))
pairs = st.tuples(lotteries, lotteries)


@st.composite
def data_sets(draw: st.DrawFn, most: int = 6) -> Comparisons:
    strict, weak = draw(st.lists(pairs, max_size=most)), draw(st.lists(pairs, max_size=3))
    if not strict and not weak:
        strict = [draw(pairs)]
    if draw(st.booleans()):  # one utility behind them, with ties
        u = dict(zip(OUTCOMES, draw(st.permutations([F(0), F(1, 3), F(1), F(1), F(7, 10)])), strict=True))
        strict = [p if explained(u, p) > 0 else p[::-1] for p in strict if explained(u, p)]
        weak = [p if explained(u, p) >= 0 else p[::-1] for p in weak]
        weak = weak if strict else [*weak, draw(pairs)]
    extra = [strict[0][::-1]] if strict and draw(st.integers(0, 9)) == 0 else []
    return Comparisons([*strict, *extra, *strict[:1]], weak)


def explained(u: Any, pair: tuple[pc.Distribution, pc.Distribution]) -> Fraction:
    return pair[1].expect(u) - pair[0].expect(u)


def by_scipy(data: Comparisons) -> float:
    """The largest least gap, in floating point."""
    place = {o: i for i, o in enumerate(data.outcomes)}
    rows, columns, entries = [], [], []
    for r, (A, B) in enumerate((*data.strict, *data.weak)):
        for sign, lottery in ((-1, B), (1, A)):
            for o, p in lottery.items():
                rows.append(r)
                columns.append(place[o])
                entries.append(sign * float(p))
        if r < len(data.strict):
            rows.append(r)
            columns.append(len(place))
            entries.append(1.0)
    matrix = csr_matrix((entries, (rows, columns)), shape=(len(data), len(place) + 1))
    cost = np.zeros(len(place) + 1)
    cost[-1] = -1.0
    found = linprog(cost, A_ub=matrix, b_ub=np.zeros(len(data)), bounds=(0.0, 1.0), method="highs")
    assert found.status == 0
    return float(found.x[-1])


def drawn(rng: Random, n: int, m: int, utility: dict[int, Fraction] | None, denominator: int = 12) -> Comparisons:
    """Comparisons of lotteries with two or three outcomes, by a utility or at random."""

    def lottery() -> pc.Distribution:
        chosen = rng.sample(range(n), min(n, rng.choice((1, 2, 3))))
        weights = [rng.randint(1, denominator) for _ in chosen]
        return D({o: F(v, sum(weights)) for o, v in zip(chosen, weights, strict=True)})

    found: list[tuple[pc.Distribution, pc.Distribution]] = []
    while len(found) < m:
        pair = lottery(), lottery()
        rise = explained(utility, pair) if utility is not None else rng.choice((-1, 1))
        if utility is not None and not rise:
            continue
        found.append(pair if rise > 0 else pair[::-1])
    return Comparisons(found, outcomes=range(n))


def values(rng: Random, n: int, steps: int = 1000) -> dict[int, Fraction]:
    return {i: F(rng.randint(0, steps), steps) for i in range(n)}
