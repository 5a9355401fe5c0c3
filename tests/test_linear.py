"""Exact linear programs against z3, scipy's HiGHS and arithmetic of this file's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from random import Random
from typing import Any

import numpy as np
import pytest
import z3
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from systems_oracle import solvable

import prefcore as pc
from prefcore.claims import Solvable
from prefcore.systems import LinearSystem, Motzkin, Point, Row
from solvers.rewards.linear import (
    NotSolved,
    Optimum,
    Program,
    ceiling,
    maximise,
    maximise_each,
    solve_system,
)
from solvers.rewards.square import rank, solve_square

F = Fraction
ZERO, ONE = F(0), F(1)


def q(x: Fraction) -> Any:
    return z3.Q(x.numerator, x.denominator)


def by_z3(program: Program) -> Fraction | str:
    """The exact maximum, or what there is instead of one."""
    x = [z3.Real(f"x{i}") for i in range(len(program.lower))]
    optimiser = z3.Optimize()
    for i, (low, high) in enumerate(zip(program.lower, program.upper, strict=True)):
        optimiser.add(*([x[i] >= q(low)] if low is not None else []), *([x[i] <= q(high)] if high is not None else []))

    def total(terms: Sequence[tuple[int, Fraction]]) -> Any:
        return z3.Sum([q(c) * x[i] for i, c in terms] + [z3.RealVal(0)])

    optimiser.add([total(terms) >= q(bound) for terms, bound in program.weak])
    optimiser.add([total(terms) == q(bound) for terms, bound in program.equal])
    goal = z3.Real("goal")
    optimiser.add(goal == total(list(program.objective.items())))
    best = optimiser.maximize(goal)
    if optimiser.check() == z3.unsat:
        return "infeasible"
    value = z3.simplify(z3.ToReal(best.value()) if z3.is_int(best.value()) else best.value())
    return F(value.numerator_as_long(), value.denominator_as_long()) if z3.is_rational_value(value) else "unbounded"


def verified(program: Program, optimum: Optimum) -> None:
    """Feasible, and as good as the multipliers allow: both by the definition."""
    x = optimum.point
    assert len(x) == len(program.lower) and all(type(v) is Fraction for v in x)
    for value, low, high in zip(x, program.lower, program.upper, strict=True):
        assert (low is None or low <= value) and (high is None or value <= high)
    assert all(sum((c * x[i] for i, c in terms), ZERO) >= bound for terms, bound in program.weak)
    assert all(sum((c * x[i] for i, c in terms), ZERO) == bound for terms, bound in program.equal)
    assert sum((c * x[i] for i, c in program.objective.items()), ZERO) == optimum.value
    assert all(y > 0 for y in optimum.weak.values())
    d = [program.objective.get(i, ZERO) for i in range(len(x))]
    total = ZERO
    for rows, multipliers in ((program.weak, optimum.weak), (program.equal, optimum.equal)):
        for r, y in multipliers.items():
            total -= y * rows[r][1]
            for i, c in rows[r][0]:
                d[i] += y * c
    for slope, low, high in zip(d, program.lower, program.upper, strict=True):
        end = high if slope > 0 else low
        assert not slope or end is not None
        total += slope * (end or ZERO)
    assert total == optimum.value


numbers = st.sampled_from([F(x) for x in (-3, -2, -1, 1, 1, 2, 5)] + [F(1, 3), F(-7, 2), F(1, 1000)])
bounds = st.sampled_from([F(x) for x in (-2, 0, 0, 0, 1)] + [F(1, 7)])


@st.composite
def programs(draw: st.DrawFn) -> Program:
    n = draw(st.integers(1, 4))
    terms = st.dictionaries(st.integers(0, n - 1), numbers, max_size=n).map(lambda d: tuple(d.items()))
    rows = st.lists(st.tuples(terms, bounds), max_size=4)
    low = [draw(st.sampled_from([None, ZERO, F(-1), F(1, 3)])) for _ in range(n)]
    high = [draw(st.sampled_from([None, ONE, ONE, F(5, 2)])) for _ in range(n)]
    return Program(dict(draw(terms)), low, high, draw(rows), draw(st.lists(st.tuples(terms, bounds), max_size=1)))


@given(programs())
@settings(max_examples=300, deadline=None)
def test_the_maximum_is_the_one_that_z3_finds(program: Program) -> None:
    expected = by_z3(program)
    if isinstance(expected, str):
        with pytest.raises(NotSolved):
            maximise(program)
        return
    found = maximise(program)
    assert found.value == expected
    verified(program, found)
    verdict = ceiling(program, found)
    assert isinstance(verdict, pc.Refuted) and isinstance(verdict.claim, Solvable)
    assert not solvable(verdict.claim.system)


def drawn(rng: Random, n: int, m: int, denominator: int) -> Program:
    """A bounded feasible program: 0 <= x <= 1, and rows that the middle satisfies."""
    rows: list[Row] = []
    for _ in range(m):
        terms = tuple((i, F(rng.randint(-9, 9), rng.randint(1, denominator))) for i in rng.sample(range(n), min(n, 4)))
        rows.append((terms, sum((c / 2 for _, c in terms), ZERO) - F(rng.randint(0, 3), 4)))
    return Program({i: F(rng.randint(-5, 9)) for i in range(n)}, [ZERO] * n, [ONE] * n, rows)


def by_scipy(program: Program) -> float:
    n = len(program.lower)
    matrix = np.zeros((len(program.weak), n))
    for r, (terms, _) in enumerate(program.weak):
        for i, c in terms:
            matrix[r, i] += float(c)
    found = linprog(
        [-float(program.objective.get(i, 0)) for i in range(n)],
        A_ub=-matrix,
        b_ub=[-float(bound) for _, bound in program.weak],
        bounds=[(float(low or 0), float(high or 0)) for low, high in zip(program.lower, program.upper, strict=True)],
        method="highs",
    )
    assert found.status == 0
    return -float(found.fun)


@pytest.mark.parametrize(("n", "m", "denominator"), [(3, 5, 1), (20, 60, 7), (60, 200, 10**6)])
def test_larger_programs_are_exact_and_agree_with_scipy(n: int, m: int, denominator: int) -> None:
    for seed in range(3):
        program = drawn(Random(seed), n, m, denominator)
        found = maximise(program)
        verified(program, found)
        assert float(found.value) == pytest.approx(by_scipy(program), rel=1e-9, abs=1e-9)


def test_coefficients_that_floating_point_solvers_drop() -> None:
    """HiGHS reads what is below 1e-9 in a row as zero; the multipliers show that the optimum is right all the same."""
    for seed in range(3):
        program = drawn(Random(seed), 40, 40, 10**12)
        found = maximise(program)
        verified(program, found)
        assert float(found.value) != pytest.approx(by_scipy(program), rel=1e-3)


def test_rows_that_stay_out_at_first_count() -> None:
    """Beyond 4000 rows only those that are violated enter the program: the optimum is over all of them."""
    rng = Random(4)
    n = 8
    rows = list(drawn(rng, n, 9000, 5).weak)
    needle = 4321
    rows[needle] = tuple((i, -ONE) for i in range(n)), F(-41, 10)
    program = Program(dict.fromkeys(range(n), ONE), [ZERO] * n, [ONE] * n, rows, [(((0, ONE), (1, -ONE)), ZERO)])
    found = maximise(program)
    verified(program, found)
    assert found.value <= F(41, 10)
    without = Program(program.objective, program.lower, program.upper, rows[:needle] + rows[needle + 1 :])
    assert maximise(without).value >= found.value


def test_several_objectives_one_after_the_other() -> None:
    program = drawn(Random(9), 12, 40, 3)
    objectives: list[Mapping[int, Fraction]] = [
        {},
        {0: ONE},
        {3: F(-2, 3), 5: ONE},
        dict.fromkeys(range(12), -ONE),
        {0: ONE},
    ]
    for objective, found in zip(objectives, maximise_each(program, objectives), strict=True):
        alone = Program(objective, program.lower, program.upper, program.weak, program.equal)
        verified(alone, found)
        assert found.value == maximise(alone).value


def test_degenerate_programs() -> None:
    """The same row many times, rows that say nothing, and corners where far too many rows meet."""
    cube: list[Row] = [(((i, -ONE), (j, -ONE)), -ONE) for i in range(6) for j in range(6) if i != j] * 5
    program = Program(dict.fromkeys(range(6), ONE), [ZERO] * 6, [ONE] * 6, [*cube, *([((), ZERO)] * 5), ((), -ONE)])
    found = maximise(program)
    verified(program, found)
    assert found.value == 3
    flat = Program({}, [None, ZERO], [None, None])
    assert maximise(flat).value == 0
    fixed = Program({0: F(1, 3)}, [F(1, 3)], [F(1, 3)], (), [(((0, F(3)),), ONE)] * 4)
    assert maximise(fixed).value == F(1, 9)
    for wrong in (
        Program({0: ONE}, [F(2)], [ONE]),
        Program({0: ONE}, [ZERO], [None]),
        Program({}, [None], [None], [((), ONE)]),
        Program({}, [None], [None], (), [((), ONE)]),
    ):
        with pytest.raises(NotSolved):
            maximise(wrong)


@pytest.mark.parametrize("digits", [5, 8, 9, 10, 12, 15, 30, 200])
def test_badly_scaled_programs_are_exact_or_not_solved(digits: int) -> None:
    """``x <= 1 + ε`` by way of two rows that almost agree."""
    tiny = F(1, 10**digits)
    rows: list[Row] = [(((0, -ONE), (1, -ONE)), F(-2)), (((0, -ONE), (1, -(1 - tiny))), F(-2) + tiny / 3)]
    program = Program({0: ONE, 1: 1 - tiny / 2}, [ZERO, ZERO], [F(2), F(2)], rows)
    found = maximise(program)
    verified(program, found)
    assert found.value == by_z3(program)


@st.composite
def systems(draw: st.DrawFn) -> LinearSystem:
    n = draw(st.integers(0, 4))
    terms = st.lists(
        st.tuples(st.integers(0, max(0, n - 1)), numbers), max_size=3 if n else 0, unique_by=lambda t: t[0]
    )
    rows = st.lists(st.tuples(terms.map(tuple), bounds), max_size=4).map(tuple)
    return LinearSystem(
        n, draw(rows), draw(rows), draw(st.lists(st.tuples(terms.map(tuple), bounds), max_size=2).map(tuple))
    )


@given(systems())
@settings(max_examples=300, deadline=None)
def test_a_system_is_decided_as_z3_decides_it(system: LinearSystem) -> None:
    verdict = solve_system(system)
    assert not isinstance(verdict, pc.Unknown)
    assert isinstance(verdict, pc.Proved) is solvable(system)
    assert isinstance(verdict.evidence, Point if isinstance(verdict, pc.Proved) else Motzkin)


def test_systems_on_the_edge() -> None:
    """A strict row is not satisfied by equality, however small the room is."""
    for room in (ZERO, F(1, 10**9), F(1, 10**15), F(1, 10**40)):
        strip = LinearSystem(2, ((((0, ONE), (1, -ONE)), ZERO),), ((((0, -ONE), (1, ONE)), -room),))
        verdict = solve_system(strip)
        assert isinstance(verdict, pc.Proved if room else pc.Refuted)
        closed = LinearSystem(2, (), ((((0, ONE), (1, -ONE)), room), (((0, -ONE), (1, ONE)), ZERO)))
        assert isinstance(solve_system(closed), pc.Refuted if room else pc.Proved)


def test_no_time_is_said() -> None:
    system = LinearSystem(2, ((((0, ONE), (1, -ONE)), ZERO),))
    verdict = solve_system(system, seconds=1e-9)
    assert isinstance(verdict, pc.Unknown) and "time" in verdict.reason and verdict.advice
    with pytest.raises(NotSolved, match="time"):
        maximise(Program({0: ONE}, [ZERO], [ONE]), seconds=-1.0)


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    maximise(drawn(Random(0), 10, 30, 5))
    solve_system(LinearSystem(1, ((((0, ONE),), ZERO),), ((((0, -ONE),), ZERO),)))
    for wrong in (
        Program({0: ONE}, [ZERO], [None]),
        Program({0: F(1, 10**12)}, [F(2)], [ONE], [(((0, F(1, 10**12)),), ZERO)]),
    ):
        with pytest.raises(NotSolved):
            maximise(wrong)
    out, err = capfd.readouterr()
    assert (out, err) == ("", "")


# -- square systems ---------------------------------------------------------------------------------------------------


def triangular(rng: Random, n: int) -> list[dict[int, Fraction]]:
    return [{i: F(rng.choice((1, -2, 3))), **({rng.randrange(i): F(rng.randint(1, 5))} if i else {})} for i in range(n)]


def shuffled(rng: Random, rows: list[dict[int, Fraction]]) -> list[dict[int, Fraction]]:
    places = rng.sample(range(len(rows)), len(rows))
    return rng.sample([{places[j]: c for j, c in row.items()} for row in rows], len(rows))


def sparse(rng: Random, n: int) -> list[dict[int, Fraction]]:
    return [
        {j: F(rng.randint(-4, 4), rng.randint(1, 3)) for j in rng.sample(range(n), min(n, rng.randint(0, 3)))}
        for _ in range(n)
    ]


def determinant(rows: Sequence[Mapping[int, Fraction]]) -> Fraction:
    """By elimination."""
    n = len(rows)
    left = [[row.get(j, ZERO) for j in range(n)] for row in rows]
    product = ONE
    for k in range(n):
        pivot = next((r for r in range(k, n) if left[r][k]), None)
        if pivot is None:
            return ZERO
        if pivot != k:
            left[k], left[pivot], product = left[pivot], left[k], -product
        product *= left[k][k]
        for r in range(k + 1, n):
            factor = left[r][k] / left[k][k]
            left[r] = [a - factor * b for a, b in zip(left[r], left[k], strict=True)]
    return product


@pytest.mark.parametrize("seed", range(150))
def test_square_systems(seed: int) -> None:
    rng = Random(seed)
    n = rng.randint(0, 9)
    rows = shuffled(rng, triangular(rng, n)) if seed % 3 == 0 else sparse(rng, n)
    if seed % 3 == 1:
        rows = [row if rng.random() < 0.5 or not row else {**row, rng.randrange(n): ONE} for row in rows]
    rhs = [F(rng.randint(-5, 5), rng.randint(1, 4)) for _ in range(n)]
    found = solve_square(rows, rhs)
    assert (found is None) is (determinant(rows) == 0)
    if found is not None:
        assert len(found) == n
        assert [sum((c * found[j] for j, c in row.items()), ZERO) for row in rows] == rhs


def test_a_long_triangle_is_solved_by_substitution() -> None:
    rng = Random(1)
    rows = shuffled(rng, triangular(rng, 3000))
    rhs = [F(rng.randint(-5, 5)) for _ in rows]
    found = solve_square(rows, rhs)
    assert found is not None
    assert [sum((c * found[j] for j, c in row.items()), ZERO) for row in rows] == rhs


@pytest.mark.parametrize("seed", range(30))
def test_rank(seed: int) -> None:
    rng = Random(seed)
    m, n = rng.randint(0, 6), rng.randint(1, 6)
    rows = [{j: F(rng.randint(-1, 1)) for j in range(n)} for _ in range(m)]
    dense = np.array([[float(row[j]) for j in range(n)] for row in rows]).reshape(m, n)
    assert rank(rows, n) == (np.linalg.matrix_rank(dense) if m else 0)


def test_numbers_beyond_floating_point_are_said() -> None:
    verdict = solve_system(LinearSystem(1, ((((0, F(10**400)),), F(0)),)))
    assert isinstance(verdict, pc.Unknown) and "too large" in verdict.reason
