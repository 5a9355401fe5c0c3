"""From utilities of trajectories to rewards of a shape: recovered exactly, or refuted by weights on trajectories.

A reward pays at each of the T steps; step t leads from o_t by a_t to o_{t+1} and counts ``δ^t``, δ being the discount.
Given utilities u of the attainable trajectories, is there a reward r of the shape, and a constant k, with

    Σ_{t<T} δ^t r_t(τ) = u(τ) + k      on every attainable trajectory τ?

| shape          | pays at step t            | keys of the reward | constant k                    |
|----------------|---------------------------|--------------------|-------------------------------|
| "terminal"     | r(o_T) in the last step   | o                  | 0: r absorbs it               |
| "history"      | r(h_T) in the last step   | trajectory         | 0: r absorbs it               |
| "additive"     | r_t(o_t, a_t, o_{t+1})    | (t, o, a, o')      | 0: r absorbs it               |
| "markov"       | r(o_t, a_t, o_{t+1})      | (o, a, o')         | 0: r absorbs it               |
| "state-action" | r(o_t, a_t)               | (o, a)             | 0: r absorbs it               |
| "state"        | r(o_{t+1})                | o                  | 0: r absorbs it               |
| "potential"    | δ φ(o_{t+1}) - φ(o_t)     | o (φ, not r)       | any: φ cannot absorb it if δ=1 |

A positive factor of u is always absorbed. A reward per history can do what one of whole trajectories can (put
``r(h_T) = u / δ^{T-1}`` and 0 before: theory, section 1), so "history" is always possible. Potentials telescope to
``δ^T φ(o_T) - φ(o_0)``: for equal o_0 and o_T they leave policies in order (Ng, Harada, Russell 1999).

These are linear equations in r, one for each trajectory. A solution is a reward; where there is none, some weights w on
trajectories (Farkas) have ``Σ_τ w(τ) Σ_t δ^t r_t(τ) = 0`` for *every* reward of the shape, but ``Σ_τ w(τ) u(τ) ≠ 0``.
Independent rows are collected modulo a prime from those that the last solution misses, solved exactly by FLINT, and
every row is compared exactly: 10⁵ trajectories against hundreds of unknowns are a matter of seconds. With comparisons
of trajectory lotteries instead of utilities, expected returns must rise strictly, or not fall: inequalities (T9).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import gcd, lcm
from typing import Any

from flint import fmpz_mat, nmod_mat

from prefcore import kernel
from prefcore.claims import Solvable
from prefcore.comparisons import Comparisons
from prefcore.distribution import Distribution, Payoff, exact, exact_payoffs
from prefcore.processes import DirectPreferenceProcess, tabulate, trajectory_distribution
from prefcore.systems import LinearSystem, Motzkin, Point, Row
from prefcore.trees import History
from prefcore.verdicts import Proved, Refuted, Verdict
from solvers.rewards.linear import solve_system

SHAPES = ("terminal", "history", "additive", "markov", "state-action", "state", "potential")
DEFAULT_LIMIT = 100_000  # trajectories
UNKNOWNS = 2000  # equations or unknowns, whichever are fewer, up to which dense exact algebra is quick
PRIMES = (2**61 - 1, 2**62 - 57, 2**31 - 1)  # a second one in case the first divides a determinant

Terms = dict[Any, Fraction]
Rows = list[tuple[tuple[tuple[int, int], ...], int]]  # whole numbers


class RewardTooLarge(ValueError):
    """There are more equations and more unknowns than are solved exactly."""


@dataclass(frozen=True, eq=False)
class RewardAnswer:
    """Whether a reward of the shape explains the utilities, or the comparisons.

    verdict: ``Proved``, ``Refuted`` or ``Unknown``, about ``Solvable`` of the equations or inequalities. reward: the
    value of each key (see the module) where proved, else None; keys that no attainable trajectory meets are left out.
    constant: k, zero but for potentials. weights: where refuted, whole-number ``{trajectory: w}``, else empty; for
    comparisons ``{(A, "<" or "≤", B): w}``, such that the returns of ``Σ w (B - A)`` cancel under any reward.
    gap: ``Σ w u`` of a refutation, which is positive; None for comparisons.
    """

    verdict: Verdict
    shape: str
    discount: Fraction
    reward: Mapping[Any, Fraction] | None
    constant: Fraction
    weights: Mapping[Any, Fraction]
    gap: Fraction | None
    utilities: Mapping[History, Fraction]

    def __str__(self) -> str:
        return _told(self)


def recover_reward(
    process: DirectPreferenceProcess,
    utility: Payoff | Comparisons,
    shape: str,
    *,
    discount: Any = 1,
    limit: int = DEFAULT_LIMIT,
) -> RewardAnswer:
    """Is there a reward of this shape whose returns are these utilities (up to a constant), or fit these comparisons?

    utility: a mapping or function trajectory -> number, exact, for every attainable trajectory; or
    :class:`prefcore.comparisons.Comparisons` of distributions over trajectories. shape: one of ``SHAPES``; the module
    says what each pays and which constants are allowed. discount: δ in (0, 1]. The process's preference and outcomes
    play no part.

    Raises ``ProcessTooLarge`` (a ``ValueError``), with the size, for more than `limit` trajectories, before any work;
    ``RewardTooLarge`` (another) for more than ``UNKNOWNS`` equations and unknowns, before they are solved;
    ``ValueError``/``TypeError`` for an unknown shape, a discount outside (0, 1], a trajectory without a utility, and an
    unattainable one in a comparison.
    """
    if not isinstance(process, DirectPreferenceProcess):
        raise TypeError(f"process must be a DirectPreferenceProcess, got {process!r}")
    if shape not in SHAPES:
        raise ValueError(f"shape must be one of {', '.join(map(repr, SHAPES))}, got {shape!r}")
    delta = exact(discount, "discount")
    if not 0 < delta <= 1:
        raise ValueError(f"discount must be in (0, 1], got {delta}")
    powers = [delta**t for t in range(process.horizon + 1)]
    if isinstance(utility, Comparisons):
        if not len(utility):
            raise ValueError("utility has no comparisons: give at least one strict or weak pair")
        return _from_comparisons(process, utility, shape, powers)
    trajectories = tabulate(replace(process, outcome=_itself), limit).outcomes
    return _from_utilities(trajectories, exact_payoffs(utility, trajectories), shape, powers)


def _itself(trajectory: History) -> History:
    return trajectory


def returns(shape: str, trajectory: History, powers: Sequence[Fraction]) -> Terms:
    """The return of a trajectory as a linear function of the reward: ``{key: coefficient}``, zeros left out.

    powers: δ^0, …, δ^T.
    """
    last, steps = trajectory[-1], len(trajectory) // 2
    if shape in ("terminal", "history"):
        return {trajectory if shape == "history" else last: powers[steps - 1]}
    terms: Terms = {}
    if shape == "potential":
        terms[last] = powers[steps]
        terms[trajectory[0]] = terms.get(trajectory[0], Fraction(0)) - 1
        return {key: c for key, c in terms.items() if c}
    for t in range(steps):
        o, a, following = trajectory[2 * t : 2 * t + 3]
        key: Any
        match shape:
            case "additive":
                key = (t, o, a, following)
            case "markov":
                key = (o, a, following)
            case "state-action":
                key = (o, a)
            case _:
                key = following
        terms[key] = terms[key] + powers[t] if key in terms else powers[t]
    return terms


def _from_utilities(
    trajectories: Sequence[History], utilities: Sequence[int | Fraction], shape: str, powers: Sequence[Fraction]
) -> RewardAnswer:
    """One equation for each trajectory; trajectories with the same equation share it."""
    keys: dict[Any, int] = {}
    first: dict[Row, int] = {}  # the trajectory of each row
    for i, (trajectory, u) in enumerate(zip(trajectories, utilities, strict=True)):
        terms = [(keys.setdefault(key, len(keys)), c) for key, c in returns(shape, trajectory, powers).items()]
        first.setdefault((tuple(sorted(terms)), Fraction(u)), i)
    n = len(keys)
    if shape == "potential":
        first = {((*terms, (n, Fraction(-1))), u): i for (terms, u), i in first.items()}
    system = LinearSystem(n + (shape == "potential"), equal=tuple(first))
    evidence = solve_equations(system)
    verdict = kernel.check(Solvable(system), evidence)
    if isinstance(evidence, Point):
        constant = evidence.values[n] if shape == "potential" else Fraction(0)
        reward = dict(zip(keys, evidence.values[:n], strict=True))
        return RewardAnswer(verdict, shape, powers[1], reward, constant, {}, None, {})
    which = list(first.values())
    weights = {trajectories[which[row]]: weight for row, weight in evidence.equal}
    told = {trajectories[which[row]]: system.equal[row][1] for row, _ in evidence.equal}
    gap = sum((weight * told[trajectory] for trajectory, weight in weights.items()), Fraction(0))
    return RewardAnswer(verdict, shape, powers[1], None, Fraction(0), weights, gap, told)


def _from_comparisons(
    process: DirectPreferenceProcess, data: Comparisons, shape: str, powers: Sequence[Fraction]
) -> RewardAnswer:
    """One inequality for each comparison, in the expected returns."""
    keys: dict[Any, int] = {}
    known: dict[History, Terms] = {}
    for pair in (*data.strict, *data.weak):
        for trajectory in (*pair[0], *pair[1]):
            if trajectory not in known:
                _attainable(process, trajectory)
                known[trajectory] = returns(shape, trajectory, powers)
                for key in known[trajectory]:
                    keys.setdefault(key, len(keys))

    def row(lower: Distribution, higher: Distribution) -> Row:
        gain: dict[int, Fraction] = {}
        for lottery, sign in ((higher, 1), (lower, -1)):
            for trajectory, p in lottery.items():
                for key, c in known[trajectory].items():
                    gain[keys[key]] = gain.get(keys[key], Fraction(0)) + sign * p * c
        return tuple(sorted((i, c) for i, c in gain.items() if c)), Fraction(0)

    strict, weak = ([row(A, B) for A, B in pairs] for pairs in (data.strict, data.weak))
    verdict = solve_system(LinearSystem(len(keys), strict=tuple(strict), weak=tuple(weak)))
    reward = None
    weights: dict[Any, Fraction] = {}
    if isinstance(verdict, Proved):
        assert isinstance(verdict.evidence, Point)
        reward = dict(zip(keys, verdict.evidence.values, strict=True))
    elif isinstance(verdict, Refuted):
        assert isinstance(verdict.evidence, Motzkin)
        for pairs, chosen, sign in (
            (data.strict, verdict.evidence.strict, "<"),
            (data.weak, verdict.evidence.weak, "≤"),
        ):
            for i, w in chosen:
                key = (pairs[i][0], sign, pairs[i][1])
                weights[key] = weights.get(key, Fraction(0)) + w
    return RewardAnswer(verdict, shape, powers[1], reward, Fraction(0), weights, None, {})


def _attainable(process: DirectPreferenceProcess, trajectory: Any) -> None:
    if type(trajectory) is not tuple or len(trajectory) != 2 * process.horizon + 1:
        raise ValueError(
            f"the comparisons must be of distributions over trajectories (o_0, a_0, …, o_{process.horizon}),"
            f" got the outcome {trajectory!r}"
        )
    trajectory_distribution(process, _itself, given=trajectory)  # raises if it cannot happen; asks no policy


# -- equations ------------------------------------------------------------------------------------------------------


def solve_equations(system: LinearSystem) -> Point | Motzkin:
    """Evidence about a system of equations alone: a solution, or whole-number weights that add up to 0 = positive.

    Two rows that differ in their bounds alone contradict each other. Otherwise a set of independent rows grows: rows
    that its solution misses join it, unless they depend on it, for then they contradict it. The unknowns that the set
    does not need are zero. Raises ``RewardTooLarge``, before any of this, where more than ``UNKNOWNS`` rows might be
    independent and have several unknowns.
    """
    seen: dict[Any, int] = {}
    for i, (terms, bound) in enumerate(system.equal):
        other = seen.setdefault(terms, i)
        if bound != system.equal[other][1]:
            low, high = (other, i) if bound > system.equal[other][1] else (i, other)
            return Motzkin(equal=tuple(sorted(((low, Fraction(-1)), (high, Fraction(1))))))
    alone = {terms[0][0]: bound / terms[0][1] for terms, bound in system.equal if len(terms) == 1 and terms[0][1]}
    if len(alone) == len(system.equal):
        return Point(tuple(alone.get(j, Fraction(0)) for j in range(system.variables)))
    independent = min(len(seen), len({j for terms in seen for j, _ in terms}))
    if independent > UNKNOWNS:
        raise RewardTooLarge(
            f"the reward has to satisfy {len(seen)} different equations in {system.variables} unknowns, more than"
            f" {UNKNOWNS} of either: take a shape with fewer unknowns, or a shorter process"
        )
    rows, unit, scale = _whole(system.equal)
    basis: list[int] = []
    columns: list[int] = []
    values, common = [0] * system.variables, 1
    while True:
        missed = [i for i, (terms, bound) in enumerate(rows) if sum(c * values[j] for j, c in terms) != bound * common]
        if not missed:
            return Point(tuple(Fraction(v * unit, common * scale) for v in values))
        most = 2 * system.variables + 16
        picked = missed[:: max(1, len(missed) // most)][:most]
        for prime in PRIMES:
            basis, columns, dependent = _independent(rows, basis, picked, system.variables, prime)
            if dependent is not None:
                weights = _contradiction(system, rows, basis, columns, dependent)
                if weights is not None:
                    return weights
                continue  # it depends on them modulo this prime only
            solved = _values(rows, basis, columns)
            if solved is not None:
                break
        else:
            raise ArithmeticError("the equations look dependent modulo each of several primes, but are not")
        values = [0] * system.variables
        common = lcm(*(q for _, q in solved))
        for j, (p, q) in zip(columns, solved, strict=True):
            values[j] = p * (common // q)


def _whole(equal: Iterable[Row]) -> tuple[Rows, int, int]:
    """The rows with whole numbers, and the factors of all coefficients and of all bounds."""
    listed = list(equal)
    unit = lcm(*{c.denominator for terms, _ in listed for _, c in terms})
    scale = lcm(*{bound.denominator for _, bound in listed})
    rows = [
        (
            tuple((j, c.numerator * (unit // c.denominator)) for j, c in terms),
            bound.numerator * (scale // bound.denominator),
        )
        for terms, bound in listed
    ]
    return rows, unit, scale


def _independent(
    rows: Rows, basis: list[int], picked: list[int], variables: int, prime: int
) -> tuple[list[int], list[int], int | None]:
    """The basis with the independent ones of `picked`, its pivot columns, and a picked row that depends on the old one.

    Modulo a prime: rows that look independent are so.
    """
    candidates = [*basis, *picked]
    entries = [[0] * len(candidates) for _ in range(variables)]
    for k, i in enumerate(candidates):
        for j, c in rows[i][0]:
            entries[j][k] = c % prime
    reduced, rank = nmod_mat(entries, prime).rref()
    pivots: list[int] = []
    dependent = None
    for k in range(len(candidates)):
        r = len(pivots)
        if r < rank and int(reduced[r, k]):
            pivots.append(k)
        elif k >= len(basis) and dependent is None:
            new = range(sum(p < len(basis) for p in pivots), r)
            if not any(int(reduced[q, k]) for q in new):
                dependent = candidates[k]
    if dependent is None:
        basis = [candidates[k] for k in pivots]
    return basis, _pivot_columns(rows, basis, variables, prime), dependent


def _pivot_columns(rows: Rows, basis: list[int], variables: int, prime: int) -> list[int]:
    if not basis:
        return []
    entries = [[0] * variables for _ in basis]
    for k, i in enumerate(basis):
        for j, c in rows[i][0]:
            entries[k][j] = c % prime
    reduced, rank = nmod_mat(entries, prime).rref()
    columns: list[int] = []
    for j in range(variables):
        if len(columns) < rank and int(reduced[len(columns), j]):
            columns.append(j)
    return columns


def _square(rows: Rows, basis: list[int], columns: list[int]) -> list[list[int]]:
    place = {j: k for k, j in enumerate(columns)}
    entries = [[0] * len(columns) for _ in basis]
    for k, i in enumerate(basis):
        for j, c in rows[i][0]:
            if j in place:
                entries[k][place[j]] = c
    return entries


def _solved(matrix: list[list[int]], right: list[int]) -> list[tuple[int, int]] | None:
    """Numerators and denominators of the solution; None if the matrix is singular."""
    if not matrix:
        return []
    if len(matrix) < len(matrix[0]) or len(matrix) > len(matrix[0]):
        return None
    try:
        solution = fmpz_mat(matrix).solve(fmpz_mat([[b] for b in right]))
    except ZeroDivisionError:
        return None
    return [(int(solution[k, 0].p), int(solution[k, 0].q)) for k in range(len(matrix))]


def _values(rows: Rows, basis: list[int], columns: list[int]) -> list[tuple[int, int]] | None:
    return _solved(_square(rows, basis, columns), [rows[i][1] for i in basis])


def _contradiction(system: LinearSystem, rows: Rows, basis: list[int], columns: list[int], row: int) -> Motzkin | None:
    """The row less the combination of the basis that it is, in whole numbers; None if it is no combination of it."""
    square = _square(rows, basis, columns)
    target = dict(rows[row][0])
    transposed = [list(column) for column in zip(*square, strict=True)]
    shares = _solved(transposed, [target.get(j, 0) for j in columns])
    if shares is None:
        return None
    common = lcm(*(q for _, q in shares))
    weights = {row: common}
    for i, (p, q) in zip(basis, shares, strict=True):
        if p:
            weights[i] = -p * (common // q)
    left: dict[int, int] = {}
    for i, w in weights.items():
        for j, c in rows[i][0]:
            left[j] = left.get(j, 0) + w * c
    total = sum((w * system.equal[i][1] for i, w in weights.items()), Fraction(0))
    if any(left.values()) or not total:
        return None
    unit = gcd(*weights.values()) * (1 if total > 0 else -1)
    return Motzkin(equal=tuple((i, Fraction(w // unit)) for i, w in sorted(weights.items())))


# -- words ----------------------------------------------------------------------------------------------------------

NAMES = {
    "terminal": "reward r(o) of the last observation",
    "history": "reward per history",
    "additive": "additive reward r_t(o, a, o')",
    "markov": "Markov reward r(o, a, o')",
    "state-action": "Markov reward r(o, a)",
    "state": "Markov reward r(o')",
    "potential": "potential φ(o)",
}
SHOWN = 12  # values or weights that are written out


def _told(answer: RewardAnswer) -> str:
    name = NAMES[answer.shape] + (f", discounted by {answer.discount}" if answer.discount != 1 else "")
    if isinstance(answer.verdict, Proved):
        assert answer.reward is not None
        constant = f", with the constant {answer.constant}" if answer.constant else ""
        return f"There is a {name}{constant}:\n" + _lines([f"{key!r}: {v}" for key, v in answer.reward.items()])
    if not isinstance(answer.verdict, Refuted):
        return f"Unknown: {answer.verdict.reason}"
    if answer.gap is None:
        weighed = _lines([f"{w} × ({A} {sign} {B})" for (A, sign, B), w in answer.weights.items()])
        return (
            f"There is no {name} that fits these comparisons. Added up with these weights, the two sides have the same"
            f" expected return under any such reward, while one should have more:\n{weighed}"
        )
    free = ", and any constant," if answer.shape == "potential" else ""
    weighed = _lines([f"{w} × utility {answer.utilities[t]} of {t!r}" for t, w in answer.weights.items()])
    return (
        f"There is no {name} with these utilities. The utilities of these trajectories, so weighted, sum to"
        f" {answer.gap}, but the returns of any such reward{free} cancel:\n{weighed}"
    )


def _lines(texts: list[str]) -> str:
    left = len(texts) - SHOWN
    return "\n".join("  " + text for text in (texts if left <= 0 else [*texts[:SHOWN], f"… ({left} more)"]))
