"""Exact linear programs: HiGHS finds a basis, rational arithmetic makes it exact, and both sides are checked.

A program is ``max c·x`` over ``lower <= x <= upper`` with ``a·x >= b`` for each weak row and ``a·x = b`` for each equal
one. A basis says which columns are free of their bounds and which rows are tight; both the point and the multipliers
follow from it by one square system each, solved in rationals: what is triangular by substitution, the rest by FLINT.
With multipliers y (non-negative on weak rows) and ``d = c + Σ y a`` every feasible x has

    c·x  <=  Σ_j max {d_j x_j : lower_j <= x_j <= upper_j} - Σ y b,

so a feasible point that attains the right side is optimal: that is checked exactly, and nothing else is believed. Where
the basis of the floating-point simplex is not exactly optimal, another simplex is tried, and for small programs z3.
Source: Applegate, Cook, Dash and Espinoza, *Exact solutions to linear programming problems*, 2007.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import highspy
import numpy as np
import z3
from highspy._core import _Highs  # highspy.Highs is the same, but its constructor prints a banner
from scipy.sparse import csr_matrix

from prefcore import kernel
from prefcore.checking import seconds_of
from prefcore.claims import Solvable
from prefcore.search.farkas import fraction, rational
from prefcore.systems import LinearSystem, Motzkin, Point, Row, Terms
from prefcore.verdicts import Proved, Refuted, Unknown
from solvers.rewards.square import solve_square

Multipliers = Mapping[int, Fraction]
ZERO, ONE = Fraction(0), Fraction(1)
CHOOSE, DUAL, PRIMAL = 0, 1, 4  # HiGHS's numbers of the simplex methods
LAZY = 1500  # rows beyond which those that are not needed stay out of the program
SMALL = 2000  # entries up to which z3 may be asked


class NotSolved(ValueError):
    """The program was not solved exactly: the reason is in the message."""


@dataclass(frozen=True, slots=True)
class Program:
    """``max Σ objective·x`` within bounds (None: there is none) and rows.

    rounded: the coefficients of weak and equal rows as floats, if they are known already. feasible: a point that is
    known to satisfy everything; if it turns out optimal, no other is looked for.
    """

    objective: Mapping[int, Fraction]
    lower: Sequence[Fraction | None]
    upper: Sequence[Fraction | None]
    weak: Sequence[Row] = ()
    equal: Sequence[Row] = ()
    rounded: csr_matrix | None = None
    feasible: tuple[Fraction, ...] | None = None


@dataclass(frozen=True, slots=True)
class Optimum:
    """An optimal point with the multipliers (of the rows that have one) that prove it."""

    value: Fraction
    point: tuple[Fraction, ...]
    weak: Multipliers
    equal: Multipliers


def maximise(program: Program, seconds: float = 600.0) -> Optimum:
    """The exact optimum of a program that is feasible and bounded.

    Raises :class:`NotSolved` if it is neither, if the time is used up, or if no basis turned out exactly optimal.
    """
    return next(maximise_each(program, (program.objective,), seconds))


def maximise_each(
    program: Program, objectives: Iterable[Mapping[int, Fraction]], seconds: float = 600.0
) -> Iterator[Optimum]:
    """The exact optima of several objectives over one program, each simplex starting where the last one ended.

    Raises as :func:`maximise` does.
    """
    deadline = time.monotonic() + seconds
    try:
        search = _Search(program, deadline)
    except OverflowError as error:
        raise NotSolved("a coefficient is too large for floating point") from error
    return (_best(search, objective, deadline) for objective in objectives)


def _best(search: _Search, objective: Mapping[int, Fraction], deadline: float) -> Optimum:
    try:
        program = search.aim(objective)
    except OverflowError as error:
        raise NotSolved("a coefficient is too large for floating point") from error
    for strategy in ("choose", "primal"):
        found = search.exact(strategy)
        if found is not None:
            return found
    if sum(len(terms) for terms, _ in (*program.weak, *program.equal)) <= SMALL:
        found = _by_z3(program, deadline)
        if found is not None:
            return found
    status = search.highs.modelStatusToString(search.highs.getModelStatus())
    raise NotSolved(f"no basis of the floating-point simplex is exactly optimal; HiGHS says: {status}")


def ceiling(program: Program, optimum: Optimum) -> Refuted:
    """The kernel's verdict that no point of the program has a larger objective than the optimum's."""
    n = len(program.lower)
    reduced = dict(program.objective)
    for rows, multipliers in ((program.weak, optimum.weak), (program.equal, optimum.equal)):
        for r, y in multipliers.items():
            for i, c in rows[r][0]:
                reduced[i] = reduced.get(i, ZERO) + y * c
    weights = dict(optimum.weak)
    box: list[Row] = []
    for i in range(n):
        for bound, sign in ((program.lower[i], 1), (program.upper[i], -1)):
            if bound is not None:
                d = -sign * reduced.get(i, ZERO)
                if d > 0:
                    weights[len(program.weak) + len(box)] = d
                box.append((((i, Fraction(sign)),), sign * bound))
    more: Row = tuple((i, c) for i, c in program.objective.items() if c), optimum.value
    claim = Solvable(LinearSystem(n, (more,), (*program.weak, *box), tuple(program.equal)))
    verdict = kernel.check(claim, Motzkin(((0, ONE),), _listed(weights), _listed(optimum.equal)))
    assert isinstance(verdict, Refuted)
    return verdict


def solve_system(system: LinearSystem, seconds: float = 600.0) -> Proved | Refuted | Unknown:
    """A solution of a linear system, or weights that show that there is none; the kernel's verdict.

    Unknown only if the linear programs could not be solved exactly in the time. Raises ``TypeError`` for no system.
    """
    if not isinstance(system, LinearSystem):
        raise TypeError(f"system must be a LinearSystem, got {system!r}")
    allowed = seconds_of(seconds, "seconds")
    claim = Solvable(system)
    start = time.monotonic()
    try:
        return kernel.check(claim, _evidence(system, allowed))
    except NotSolved as reason:
        return Unknown(claim, str(reason), "give more seconds, or fewer rows", time.monotonic() - start)


def _evidence(system: LinearSystem, seconds: float) -> Point | Motzkin:
    """Two programs: how far weak and equal rows must give way; then how far strict ones can be exceeded."""
    n = system.variables
    deadline = time.monotonic() + seconds
    free: list[Fraction | None] = [None] * n
    strict = [((*terms, (n, -ONE)), bound) for terms, bound in system.strict]
    best: Optimum | None = None
    if system.weak or system.equal:
        weak = [((*terms, (n, ONE)), bound) for terms, bound in system.weak]
        for terms, bound in system.equal:  # within ±s of the bound
            weak.append(((*terms, (n, ONE)), bound))
            weak.append(((*((i, -c) for i, c in terms), (n, ONE)), -bound))
        best = maximise(Program({n: -ONE}, [*free, ZERO], [*free, None], weak), seconds)
        if best.value < 0:
            first = len(system.weak)
            equal: dict[int, Fraction] = {}
            for row, y in best.weak.items():
                if row >= first:
                    k, negative = divmod(row - first, 2)
                    equal[k] = equal.get(k, ZERO) + (-y if negative else y)
            return Motzkin((), _listed({i: y for i, y in best.weak.items() if i < first}), _listed(equal))
    if strict:
        left = deadline - time.monotonic()
        best = maximise(Program({n: ONE}, [*free, None], [*free, ONE], [*strict, *system.weak], system.equal), left)
        if best.value <= 0:
            m = len(strict)
            return Motzkin(
                _listed({i: y for i, y in best.weak.items() if i < m}),
                _listed({i - m: y for i, y in best.weak.items() if i >= m}),
                _listed(best.equal),
            )
    return Point(best.point[:n] if best is not None else (ZERO,) * n)


def _listed(multipliers: Multipliers) -> tuple[tuple[int, Fraction], ...]:
    return tuple((i, y) for i, y in sorted(multipliers.items()) if y)


# -- HiGHS, row by row ------------------------------------------------------------------------------------------------


class _Search:
    """One program in HiGHS; rows beyond LAZY enter when they are violated."""

    def __init__(self, program: Program, deadline: float) -> None:
        self.program = program
        self.deadline = deadline
        count = len(program.weak) + len(program.equal)
        if program.rounded is None:
            rows = (*program.weak, *program.equal)
            self.matrix = rounded([terms for terms, _ in rows], len(program.lower))
            self.bounds = np.fromiter((b.numerator / b.denominator for _, b in rows), float, count)
        else:
            self.matrix, self.bounds = program.rounded, np.zeros(count)
        weak, equal = len(program.weak), range(len(program.weak), count)
        first = np.linspace(0, weak - 1, min(weak, LAZY)).astype(int) if weak else np.zeros(0, int)
        self.active: list[int] = [*first.tolist(), *equal]  # in HiGHS's order
        self.highs = self._model()

    def _model(self) -> _Highs:
        highs = _Highs()
        highs.setOptionValue("output_flag", False)
        highs.setOptionValue("presolve", "off")
        highs.setOptionValue("solver", "simplex")
        highs.setOptionValue("primal_feasibility_tolerance", 1e-9)
        highs.setOptionValue("dual_feasibility_tolerance", 1e-9)
        infinity = highspy.kHighsInf
        for low, high in zip(self.program.lower, self.program.upper, strict=True):
            highs.addVar(-infinity if low is None else float(low), infinity if high is None else float(high))
        highs.changeObjectiveSense(highspy.ObjSense.kMaximize)
        self._add_rows(highs, self.active)
        return highs

    def aim(self, objective: Mapping[int, Fraction]) -> Program:
        """The program with another objective."""
        for i in self.program.objective:
            self.highs.changeColCost(i, 0.0)
        for i, c in objective.items():
            self.highs.changeColCost(i, float(c))
        self.program = replace(self.program, objective=objective)
        return self.program

    def _add_rows(self, highs: _Highs, rows: Sequence[int]) -> None:
        if rows:
            chosen = self.matrix[rows]
            low = self.bounds[rows]
            high = np.where(np.array(rows) < len(self.program.weak), highspy.kHighsInf, low)
            highs.addRows(len(rows), low, high, chosen.nnz, chosen.indptr[:-1], chosen.indices, chosen.data)

    def _run(self) -> highspy.HighsModelStatus:
        """Runs the simplex; where it runs in circles, the primal one is started anew, then the dual one."""
        limit = 5 * (len(self.active) + len(self.program.lower)) + 1000
        status = highspy.HighsModelStatus.kIterationLimit
        for simplex in (None, PRIMAL, DUAL):
            left = self.deadline - time.monotonic()
            if left <= 0:
                raise NotSolved("the time is used up")
            if simplex is not None:
                self.highs.clearSolver()
                self.highs.setOptionValue("simplex_strategy", simplex)
            self.highs.setOptionValue("simplex_iteration_limit", limit)
            self.highs.setOptionValue("time_limit", self.highs.getRunTime() + left)
            self.highs.run()
            status = self.highs.getModelStatus()
            if status != highspy.HighsModelStatus.kIterationLimit:
                break
            limit *= 10
        return status

    def exact(self, strategy: str) -> Optimum | None:
        """The optimum by the bases that this simplex ends in; None if they are not exactly optimal."""
        self.highs.setOptionValue("simplex_strategy", CHOOSE if strategy == "choose" else PRIMAL)
        if strategy != "choose":
            self.highs.clearSolver()
        while True:
            status = self._run()
            if status == highspy.HighsModelStatus.kTimeLimit:
                raise NotSolved("the time is used up")
            if status != highspy.HighsModelStatus.kOptimal:
                return None
            slack = self.matrix @ np.array(self.highs.getSolution().col_value) - self.bounds
            if self._enter(slack, 1e-9):
                continue
            found = self._at_basis()
            if found is None:
                return None
            point, weak, equal = found
            if self.program.feasible is not None:
                known = _certified(self.program, self.program.feasible, weak, equal)
                if known is not None:
                    return known
            wrong = self._violated(point)
            if not wrong:
                return _certified(self.program, point, weak, equal)
            if wrong <= set(self.active):
                return None
            self._enter(np.where(np.isin(np.arange(len(slack)), list(wrong)), -1.0, 0.0), 0.5)

    def _violated(self, point: Sequence[Fraction]) -> set[int]:
        """The weak rows that the point violates, exactly; floats only tell which are far from their bounds."""
        values = np.array([float(x) for x in point])
        weak = self.matrix[: len(self.program.weak)]
        slack = weak @ values - self.bounds[: len(self.program.weak)]
        far = 1e-6 * (1.0 + abs(weak) @ np.abs(values))  # rounding is some 1e-16 of this a term
        near = np.flatnonzero(slack < far).tolist()
        return {r for r in near if _excess(self.program.weak[r], point) < 0}

    def _enter(self, slack: np.ndarray, tolerance: float) -> bool:
        """Adds the most violated rows that are not in the program yet; whether there are any."""
        if len(self.active) == len(slack):
            return False
        slack = slack.copy()
        slack[self.active] = 0.0
        violated = np.flatnonzero(slack < -tolerance)
        if not len(violated):
            return False
        worst = violated[np.argsort(slack[violated], kind="stable")][: max(500, len(self.program.lower) // 2)].tolist()
        self._add_rows(self.highs, worst)
        self.active += worst
        return True

    def _at_basis(self) -> tuple[tuple[Fraction, ...], dict[int, Fraction], dict[int, Fraction]] | None:
        """The point and the multipliers of the current basis, exactly; None if it is singular or too large."""
        basis = self.highs.getBasis()
        program, m = self.program, len(self.program.weak)
        status = highspy.HighsBasisStatus
        basic = [j for j, s in enumerate(basis.col_status) if s == status.kBasic]
        tight = [r for r, s in zip(self.active, basis.row_status, strict=True) if s != status.kBasic]
        if len(basic) != len(tight):
            return None
        point: list[Fraction] = []
        for low, high, s in zip(program.lower, program.upper, basis.col_status, strict=True):
            bound = high if s == status.kUpper else low if s == status.kLower else None
            point.append(ZERO if bound is None else bound)
        place = {j: k for k, j in enumerate(basic)}
        square: list[dict[int, Fraction]] = []
        rhs: list[Fraction] = []
        for r in tight:
            terms, bound = program.weak[r] if r < m else program.equal[r - m]
            entries: dict[int, Fraction] = {}
            for j, c in terms:
                if j in place:
                    entries[place[j]] = entries.get(place[j], ZERO) + c
                else:
                    bound -= c * point[j]
            square.append(entries)
            rhs.append(bound)
        transposed: list[dict[int, Fraction]] = [{} for _ in basic]
        for k, entries in enumerate(square):
            for j, c in entries.items():
                transposed[j][k] = c
        values = solve_square(square, rhs)
        multipliers = solve_square(transposed, [-program.objective.get(j, ZERO) for j in basic])
        if values is None or multipliers is None:
            return None
        for j, value in zip(basic, values, strict=True):
            point[j] = value
        by_row = {r: y for r, y in zip(tight, multipliers, strict=True) if y}
        return (
            tuple(point),
            {r: y for r, y in by_row.items() if r < m},
            {r - m: y for r, y in by_row.items() if r >= m},
        )


def rounded(rows: Sequence[Terms], columns: int) -> csr_matrix:
    """The coefficients of the rows as floats; raises ``OverflowError`` where one is too large."""
    entries = [term for terms in rows for term in terms]
    starts = np.concatenate(([0], np.cumsum(np.fromiter(map(len, rows), int, len(rows)))))
    where = np.fromiter((i for i, _ in entries), int, len(entries))
    values = np.fromiter((c.numerator / c.denominator for _, c in entries), float, len(entries))
    return csr_matrix((values, where, starts), shape=(len(rows), columns))


# -- exactness --------------------------------------------------------------------------------------------------------


def _excess(row: Row, point: Sequence[Fraction]) -> Fraction:
    terms, bound = row
    return sum((c * point[i] for i, c in terms), -bound)


def _certified(program: Program, point: tuple[Fraction, ...], weak: Multipliers, equal: Multipliers) -> Optimum | None:
    """The optimum, if the point is within the bounds, on the equal rows, and attains the upper bound.

    That it satisfies the weak rows was seen by the caller.
    """
    reduced = dict(program.objective)
    total = ZERO
    for rows, multipliers, signed in ((program.weak, weak, False), (program.equal, equal, True)):
        for r, y in multipliers.items():
            if y < 0 and not signed:
                return None
            terms, bound = rows[r]
            total -= y * bound
            for i, c in terms:
                reduced[i] = reduced.get(i, ZERO) + y * c
    for i, d in reduced.items():
        best = program.upper[i] if d > 0 else program.lower[i]
        if d and best is None:
            return None
        total += d * best if best is not None else ZERO
    within = all(
        (low is None or low <= x) and (high is None or x <= high)
        for low, x, high in zip(program.lower, point, program.upper, strict=True)
    )
    value = sum((c * point[i] for i, c in program.objective.items()), ZERO)
    if not within or value != total or any(_excess(row, point) for row in program.equal):
        return None
    return Optimum(value, point, weak, equal)


def _by_z3(program: Program, deadline: float) -> Optimum | None:
    """Point and multipliers as one linear system: both feasible, and the bounds meet."""
    n = len(program.lower)
    solver = z3.SimpleSolver()
    solver.set("timeout", max(1, int(1000 * min(30.0, deadline - time.monotonic()))))
    x = [z3.Real(f"x{i}") for i in range(n)]
    ys = [[z3.Real(f"{name}{r}") for r in range(len(rows))] for name, rows in _kinds(program)]
    reduced: list[list[z3.ArithRef]] = [[] for _ in range(n)]
    total: list[z3.ArithRef] = []
    for i, c in program.objective.items():
        reduced[i].append(z3.RealVal(0) + rational(c))
    for (name, rows), y in zip(_kinds(program), ys, strict=True):
        for (terms, bound), multiplier in zip(rows, y, strict=True):
            left = z3.Sum([rational(c) * x[i] for i, c in terms] + [z3.RealVal(0)])
            solver.add(left >= rational(bound) if name == "weak" else left == rational(bound))
            if name == "weak":
                solver.add(multiplier >= 0)
            total.append(-rational(bound) * multiplier)
            for i, c in terms:
                reduced[i].append(rational(c) * multiplier)
    for i in range(n):
        up, down = z3.Real(f"up{i}"), z3.Real(f"down{i}")
        solver.add(up >= 0, down >= 0, z3.Sum([*reduced[i], z3.RealVal(0)]) == up - down)
        for end, side, sign in ((program.upper[i], up, 1), (program.lower[i], down, -1)):
            if end is None:
                solver.add(side == 0)
            else:
                solver.add(sign * (rational(end) - x[i]) >= 0)
                total.append(sign * rational(end) * side)
    value = z3.Sum([rational(c) * x[i] for i, c in program.objective.items()] + [z3.RealVal(0)])
    solver.add(value == z3.Sum([*total, z3.RealVal(0)]))
    if solver.check() != z3.sat:
        return None
    model = solver.model()

    def exact(variables: Sequence[z3.ArithRef]) -> Iterator[Fraction]:
        return (fraction(model.eval(v, model_completion=True)) for v in variables)

    weak, equal = ({r: y for r, y in enumerate(exact(column)) if y} for column in ys)
    return _certified(program, tuple(exact(x)), weak, equal)


def _kinds(program: Program) -> tuple[tuple[str, Sequence[Row]], tuple[str, Sequence[Row]]]:
    return ("weak", program.weak), ("equal", program.equal)
