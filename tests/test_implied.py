"""What comparisons imply, bound and leave open, against z3 and scipy's HiGHS."""

from __future__ import annotations

from fractions import Fraction
from random import Random
from typing import Any

import numpy as np
import pytest
import z3
from hypothesis import given, settings
from scipy.optimize import linprog
from systems_oracle import solvable
from utilities_oracle import (
    ZERO,
    D,
    F,
    compatible,
    data_sets,
    drawn,
    explained,
    explains,
    gain,
    pairs,
    point,
    q,
    values,
    variables,
    w,
    x,
    y,
    z,
)

import prefcore as pc
from prefcore.claims import HasUtility, Solvable
from prefcore.comparisons import Comparisons
from solvers.rewards.utilities import (
    NoUtility,
    difference_bounds,
    implication,
    implied,
    is_unique,
    recover_utility,
)


@given(data_sets(4), pairs)
@settings(max_examples=100, deadline=None)
def test_what_is_implied_is_what_z3_says(data: Comparisons, pair: tuple[pc.Distribution, pc.Distribution]) -> None:
    A, B = pair
    possible = set()
    for sign in "≺~≻":
        solver, u = z3.Solver(), variables(data, A, B)
        solver.add(compatible(data, u))
        g = gain(u, A, B)
        solver.add({"≺": g > 0, "~": g == 0, "≻": g < 0}[sign])
        possible |= {sign} if solver.check() == z3.sat else set()
    if not possible:
        with pytest.raises(NoUtility, match="no expected utility") as raised:
            implied(data, A, B)
        assert isinstance(raised.value, ValueError)
        assert isinstance(raised.value.verdict, pc.Refuted) and raised.value.verdict.claim == HasUtility(data)
        return
    answer = implication(data, A, B)
    assert answer.possible == possible
    assert answer.relation == implied(data, A, B) == (possible.pop() if len(possible) == 1 else "undetermined")
    assert set(answer.verdicts) == set("≺~≻")
    assert {sign for sign, v in answer.verdicts.items() if isinstance(v, pc.Proved)} == answer.possible


def test_all_four_answers() -> None:
    data = Comparisons([(x, y), (y, z)], [(w, x), (x, w)])
    half = D({"x": F(1, 2), "z": F(1, 2)})
    answers = {pair: implied(data, *pair) for pair in ((x, z), (z, x), (x, w), (half, y), (x, x), (half, half))}
    assert list(answers.values()) == ["≺", "≻", "~", "undetermined", "~", "~"]
    assert implied(data, x, point("never seen")) == "undetermined"
    assert implied(data, half, D({"z": F(2, 3), "w": F(1, 3)})) == "≺"


def test_implied_raises_where_there_is_no_utility() -> None:
    for data in (Comparisons([(x, x)]), Comparisons([(x, y), (y, x)]), Comparisons([(x, y)], [(y, x)])):
        with pytest.raises(NoUtility) as raised:
            implied(data, x, y)
        assert isinstance(raised.value.verdict, pc.Refuted)
        for function in (is_unique, lambda d: difference_bounds(d, x, y)):
            with pytest.raises(NoUtility):
                function(data)


# -- bounds -----------------------------------------------------------------------------------------------------------


def bounds_by_scipy(
    data: Comparisons, A: pc.Distribution, B: pc.Distribution, anchors: Any, margin: Fraction
) -> list[float] | None:
    outcomes = list(variables(data, A, B))
    outcomes += [o for o in anchors or () if o not in outcomes]

    def row(C: pc.Distribution, E: pc.Distribution) -> list[float]:
        return [float(E[o] - C[o]) for o in outcomes]

    rows = [row(*pair) for pair in (*data.strict, *data.weak)] or [[0.0] * len(outcomes)]
    least = [float(margin)] * len(data.strict) + [0.0] * len(data.weak) or [0.0]
    limits = [(0.0, 1.0)] * len(outcomes)
    for o, v in zip(anchors or (), (0.0, 1.0), strict=bool(anchors)):
        limits[outcomes.index(o)] = (v, v)
    ends = []
    for sign in (1, -1):
        found = linprog(
            sign * np.array(row(A, B)), A_ub=-np.array(rows), b_ub=-np.array(least), bounds=limits, method="highs"
        )
        if found.status:
            return None
        ends.append(sign * found.fun)
    return ends


@pytest.mark.parametrize("seed", range(25))
def test_bounds_are_those_of_scipy(seed: int) -> None:
    rng = Random(seed)
    n = rng.randint(2, 7)
    u = values(rng, n)
    data = drawn(rng, n, rng.randint(1, 8), u)
    ((A, B),) = drawn(rng, n, 1, None).strict
    low, high = min(u, key=u.get), max(u, key=u.get)
    best = recover_utility(data).margin
    assert best is not None
    for anchors in (None, (low, high)):
        for margin in (ZERO, best / 2) if anchors is None else (ZERO,):
            expected = bounds_by_scipy(data, A, B, anchors, margin)
            assert expected is not None
            found = difference_bounds(data, A, B, anchors=anchors, margin=margin)
            assert [float(found.low), float(found.high)] == pytest.approx(expected, abs=1e-9)
            for end, utility in ((found.low, found.lowest), (found.high, found.highest)):
                assert explained(utility, (A, B)) == end
                assert all(0 <= v <= 1 for v in utility.values())
                assert min(explains(utility, data)) >= margin
                assert anchors is None or (utility[low], utility[high]) == (0, 1)
            assert all(isinstance(v, pc.Refuted) for v in found.verdicts)
            for sign, end, verdict in zip((-1, 1), (found.low, found.high), found.verdicts, strict=True):
                assert isinstance(verdict.claim, Solvable)
                assert verdict.claim.system.strict[0][1] == sign * end


def test_bounds_of_new_outcomes_and_bad_arguments() -> None:
    data = Comparisons([(x, y), (y, z)])
    with pytest.raises(ValueError, match="outcomes of the lotteries, got 'w'"):
        difference_bounds(data, x, y, anchors=("x", "w"))
    new = difference_bounds(data, y, point("new"), anchors=("x", "z"))
    assert (new.low, new.high) == (-1, 1)
    half = D({"x": F(1, 2), "z": F(1, 2)})
    assert (lambda b: (b.low, b.high))(difference_bounds(data, half, y, anchors=("x", "z"))) == (F(-1, 2), F(1, 2))
    narrow = difference_bounds(data, half, y, anchors=("x", "z"), margin="1/2")
    assert narrow.low == narrow.high == 0
    with pytest.raises(ValueError, match="negative"):
        difference_bounds(data, x, y, margin=-1)
    for nobody in ({"margin": F(2, 3)}, {"anchors": ("z", "x")}, {"anchors": ("x", "y")}):
        options: Any = nobody  # z is strictly above y: it can't have a utility of at most 1 if y has 1
        with pytest.raises(NoUtility, match="anchors and the margin") as raised:
            difference_bounds(data, x, y, **options)
        claim = raised.value.verdict.claim
        assert isinstance(claim, Solvable) and not solvable(claim.system)
    with pytest.raises(ValueError, match="anchors"):
        difference_bounds(data, x, y, anchors=("x", "x"))
    bad: Any = "x"
    with pytest.raises(TypeError, match="A must be a Distribution"):
        difference_bounds(data, bad, y)
    with pytest.raises(TypeError, match="B must be a Distribution"):
        implied(data, x, bad)


# -- uniqueness -------------------------------------------------------------------------------------------------------


def unique_by_z3(data: Comparisons) -> bool:
    """No two compatible utilities u, v, neither of which is a positive affine map of the other.

    For outcomes a and b at which u differs, such a v is one with ``(v_c - v_a)(u_b - u_a) ≠ (v_b - v_a)(u_c - u_a)``
    for some c, or with v_b - v_a of another sign. Where u is fixed these are linear in v.
    """
    u = variables(data)
    solver = z3.Solver()
    solver.add(compatible(data, u))
    assert solver.check() == z3.sat
    model = solver.model()

    def number(v: Any) -> Fraction:
        value = model.eval(v, model_completion=True)
        return F(value.numerator_as_long(), value.denominator_as_long())

    fixed = {o: number(v) for o, v in u.items()}
    a = data.outcomes[0]
    b = next((o for o in data.outcomes if fixed[o] != fixed[a]), None)
    if b is None:
        solver.add(z3.Or([u[o] != u[a] for o in data.outcomes]))
    else:
        rise = fixed[b] - fixed[a]
        turned = [q(rise) * (u[b] - u[a]) <= 0]
        bent = [q(rise) * (u[c] - u[a]) != q(fixed[c] - fixed[a]) * (u[b] - u[a]) for c in data.outcomes]
        solver.add(z3.Or(turned + bent))
    return bool(solver.check() == z3.unsat)


@pytest.mark.parametrize("seed", range(60))
def test_uniqueness_is_what_z3_says(seed: int) -> None:
    rng = Random(seed)
    n = rng.randint(2, 5)
    u = values(rng, n, 4)
    if len(set(u.values())) == 1:
        u[0] += 1
    strict = drawn(rng, n, rng.randint(1, 3), u, 3).strict
    low, high = min(u, key=lambda o: u[o]), max(u, key=lambda o: u[o])
    weak = []
    for o in range(n):  # o ~ the gamble that a standard question finds, often
        share = (u[o] - u[low]) / (u[high] - u[low])
        gamble = D({high: share, low: 1 - share})
        weak += (
            [(point(o), gamble), (gamble, point(o))] if rng.random() < 0.8 else [(gamble, point(o))] * rng.randint(0, 1)
        )
    data = Comparisons(strict, weak, range(n))
    verdict = is_unique(data)
    assert verdict is unique_by_z3(data)
    assert is_unique(Comparisons(strict, (*weak, *weak), range(n))) is verdict


def test_uniqueness_of_known_data() -> None:
    half = D({"x": F(1, 2), "z": F(1, 2)})
    assert is_unique(Comparisons([(x, z)]))
    assert not is_unique(Comparisons([(x, y), (y, z)]))
    assert is_unique(Comparisons([(x, z)], [(half, y), (y, half)]))
    assert not is_unique(Comparisons([(x, z)], [(half, y)]))
    assert not is_unique(Comparisons([(x, z)], [(half, y), (y, half)], list("xyzw")))
    assert not is_unique(Comparisons((), [(x, y)])), "constant, or not"
    assert not is_unique(Comparisons((), [(x, x)], ["x", "y"]))
    circle = [(x, y), (y, z), (z, x)]
    assert is_unique(Comparisons((), circle)), "all of them are constant"
    assert is_unique(Comparisons([(x, w)], circle)), "indifference by a circle of weak comparisons"
