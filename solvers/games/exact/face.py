"""The set of equilibria of a preference game, exactly, by a point in its relative interior.

The equilibria are a polytope ``E = {p >= 0 : A p <= 0, 1·p = 1}``. Some p in it is strictly complementary: for each i
either ``p_i > 0`` or ``(A p)_i < 0`` (Tucker 1956). Let B be where such a p is positive. As ``q·Ap = -p·Aq >= 0`` for
every q in E, every q is zero outside B, and ``A q`` is zero on B, so that

    E = {p : p_B >= 0, p = 0 elsewhere, A_BB p_B = 0, A p <= 0 elsewhere, 1·p = 1},

of dimension ``nullity(A_BB) - 1``; the equilibrium is unique if and only if that is 0, and only then is it certain that
an equilibrium is strictly complementary. B is guessed in floating point, the null vectors are computed in whole numbers
by FLINT, and nothing but the signs of the exact p and A p decides. Where no guess succeeds, as with differences
that floats do not show, the exact simplex method (:mod:`solvers.games.exact.simplex`) does, on the actions that were
suspected of being played and those that prove to be no worse (a double oracle).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

import numpy as np
from flint import fmpz, fmpz_mat
from scipy.linalg import qr
from scipy.optimize import linprog

from solvers.games.exact.simplex import strictly_complementary
from solvers.games.game import PreferenceGame, Rationals, game_of, rational_rows, require_game
from solvers.games.payoffs import Array, Dense, GameTooLarge, require_memory
from solvers.games.second_order.interior_point import interior_point
from solvers.games.second_order.linear_program import linear_program

LARGEST = 2001  # actions up to which null vectors are computed exactly: a minute
SIMPLEX_WORK = 2e10  # N⁴ · bits up to which the exact simplex method is run: some minutes
ENTRY = 40  # the float64 that take the room of one exact entry and its copies
PRECISIONS = (10, 10**3, 10**6, 10**9, 10**12)  # largest denominators tried for free coordinates
TOLERANCE = 1e-12  # of the guess, in units of the largest entry
NEAR = 1e-9  # what is as close to zero, in the same units, may be zero

Whole = list[list[int]]


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """E, by a strictly complementary point and the null space of ``A_BB``.

    interior: the point p, N exact numbers. played: B. basis: K with ``A_BB K = 0``, a row of whole numbers for each
    action in B, linearly independent columns. free: for each column the row in which it alone is not zero, and there it
    is positive, so that coordinates y with ``p_B = K y`` are non-negative. slack: ``-A K`` for every other action, each
    row in units of its own, so with whole numbers. method: what guessed B.
    """

    interior: tuple[Fraction, ...]
    played: tuple[int, ...]
    basis: tuple[tuple[int, ...], ...]
    free: tuple[int, ...]
    slack: tuple[tuple[int, ...], ...]
    method: str

    @property
    def dimension(self) -> int:
        """Of E; 0 exactly if the equilibrium is unique."""
        return len(self.free) - 1


def equilibrium_face(game: PreferenceGame) -> Face:
    """The set of equilibria; a game of floats is taken to be the exact numbers that it stores.

    Raises ``TypeError`` for no game, ``GameTooLarge`` before more work would start than is sensible.
    """
    return face_of(game, rational_rows(admitted(game)))


def admitted(game: PreferenceGame) -> PreferenceGame:
    """The game, or ``TypeError`` for none, or ``GameTooLarge``."""
    require_game(game)
    if game.size > LARGEST:
        raise GameTooLarge(
            f"a game of {game.size:,} actions; up to {LARGEST:,} are solved exactly. solvers.von_neumann_winner solves "
            "larger ones to a tolerance"
        )
    require_memory(ENTRY * game.size**2, f"a game of {game.size:,} actions in exact numbers")
    return game


def face_of(game: PreferenceGame, rationals: Rationals) -> Face:
    """The set of equilibria of a game whose A is known exactly."""
    rows, units = whole_rows(rationals)
    suspects: set[int] = set()
    A = game.matrix / (float(np.abs(game.matrix).max()) or 1.0)
    for method, played, guess in _guesses(A):
        basis, free = null_basis(rows, played)
        found = _with_interior(rows, A, played, basis, free, guess, method)
        if found is not None:
            return found
        suspects.update(played)
    return _by_simplex(rows, units, A, sorted(suspects))


def _by_simplex(rows: Whole, units: list[int], A: Array, actions: list[int]) -> Face:
    """The face, from the exact simplex method on these actions and those that do not lose to what it finds."""
    bits = max(1, max(max(map(abs, row)) for row in rows).bit_length())
    while True:
        if len(actions) ** 4 * bits > SIMPLEX_WORK:
            raise GameTooLarge(
                f"no support that floating point suggests is exactly right, and {len(actions):,} of {len(rows):,} "
                f"actions with entries of {bits} bits are too many for the exact simplex method; "
                "entries of fewer digits make it easier"
            )
        smaller = [[rows[i][j] for j in actions] for i in actions]
        point = dict(zip(actions, strictly_complementary(smaller, [units[i] for i in actions]), strict=True))
        played = [i for i, p in point.items() if p]
        basis, free = null_basis(rows, played)
        coordinates = [point[played[k]] / basis[k][j] for j, k in enumerate(free)]
        found = _face(rows, played, basis, free, coordinates, "exact simplex")
        if found is not None:
            guess = np.array([float(p) for p in found.interior])
            return _with_interior(rows, A, played, basis, free, guess, found.method) or found
        unit = _unit(point.values())
        weights = fmpz_mat([[int(point[i] * unit)] for i in played])
        gains = (fmpz_mat([[row[j] for j in played] for row in rows]) * weights).entries()
        actions = sorted({*actions, *(i for i, gain in enumerate(gains) if gain >= 0)})


def whole_rows(rationals: Rationals) -> tuple[Whole, list[int]]:
    """``units[i] · A[i]`` in whole numbers: signs of products and null vectors are those of A itself."""
    rows, units = [], []
    for row in rationals:
        unit = _unit(row)
        rows.append([a.numerator * (unit // a.denominator) for a in row])
        units.append(unit)
    return rows, units


def _unit(numbers: Iterable[Fraction]) -> int:
    return lcm(*(x.denominator for x in numbers))


def null_basis(rows: Sequence[Sequence[int]], chosen: Sequence[int]) -> tuple[Whole, list[int]]:
    """K with ``A[chosen][:, chosen] K = 0`` and the rows where a column of it stands alone; no columns if regular."""
    size = len(chosen)
    block = [[rows[i][j] for j in chosen] for i in chosen]
    if size % 2:  # else the nullity is even
        vector = _single_null_vector(block)
        if vector is not None:
            return [[v] for v in vector], [size - 1]
    reduced, unit, rank = fmpz_mat(block).rref()  # unit · identity at the pivots
    table = reduced.table()[:rank]
    pivots: list[int] = []
    for row in table:
        pivots.append(next(j for j in range(pivots[-1] + 1 if pivots else 0, size) if row[j]))
    free = sorted(set(range(size)) - set(pivots))
    sign = 1 if unit > 0 else -1
    basis = [[0] * len(free) for _ in range(size)]
    for column, j in enumerate(free):
        basis[j][column] = sign * int(unit)
        for i, row in zip(pivots, table, strict=True):
            basis[i][column] = -sign * int(row[j])
    return basis, free


def _single_null_vector(block: Whole) -> list[int] | None:
    """The null vector of a skew matrix of odd order whose last entry is positive, if all others have only this one.

    The entries are the Pfaffians of the blocks without that row and column, but for signs; the last one's being zero
    is no obstacle to others, which the caller then finds.
    """
    last = len(block) - 1
    if not last:
        return [1]
    try:
        solved = fmpz_mat([row[:last] for row in block[:last]]).solve(fmpz_mat([[-row[last]] for row in block[:last]]))
    except ZeroDivisionError:
        return None
    values = [solved[i, 0] for i in range(last)]
    unit = fmpz(1)
    for value in values:
        unit = unit.lcm(value.q)
    return [*(int(value.p * (unit // value.q)) for value in values), int(unit)]


def _guesses(A: Array) -> Iterator[tuple[str, list[int], Array]]:
    """Supports, and policies of floats near the relative interior, each support once."""
    seen = set()
    for solve in (interior_point, linear_program):
        found = solve(game_of(Dense(A)), tolerance=TOLERANCE)
        p = found.policy
        slack = -(A @ p)
        for support in ((p > 0) & (p > slack), slack < NEAR, p > NEAR):
            played = np.flatnonzero(support).tolist()
            if played and tuple(played) not in seen:
                seen.add(tuple(played))
                yield found.method, played, p


def _with_interior(
    rows: Whole, A: Array, played: list[int], basis: Whole, free: list[int], guess: Array, method: str
) -> Face | None:
    """The face, if a point near its centre, or near the guess, is strictly complementary."""
    if len(free) <= 1:
        return _face(rows, played, basis, free, [Fraction(1)], method) if free else None
    outside = np.setdiff1d(np.arange(len(A)), played)
    centre = _centre(-A[outside][:, played], null_directions(basis))
    found = None
    for p in (guess[played],) if centre is None else (centre, guess[played]):
        for denominator in PRECISIONS:
            near = [Fraction(float(p[k])).limit_denominator(denominator) for k in free]
            face = _face(rows, played, basis, free, near, method) if any(near) else None
            if face is not None:
                found = found or face
                q = np.array([float(x) for x in face.interior])
                room = min(q[played].min(), (-A[outside] @ q).min(initial=1.0))
                if centre is not None and room >= centre.min() / 2:
                    return face
    return found


def null_directions(basis: Sequence[Sequence[int]]) -> Array:
    """Orthonormal columns that span those of K, in floats."""
    largest = [max(map(abs, column)) for column in zip(*basis, strict=True)]  # whole numbers beyond all floats
    return np.asarray(
        qr(np.array([[v / m for v, m in zip(row, largest, strict=True)] for row in basis]), mode="economic")[0]
    )


def _centre(slopes: Array, Q: Array) -> Array | None:
    """The p = Q z, 1·p = 1, in which the least of all p and slopes·p is largest; ``None`` if that is not positive."""
    bounds = np.vstack((Q, slopes @ Q))
    count, size = bounds.shape
    program = linprog(
        np.append(np.zeros(size), -1.0),
        A_ub=np.column_stack((-bounds, np.ones(count))),
        b_ub=np.zeros(count),
        A_eq=np.append(Q.sum(axis=0), 0.0)[None],
        b_eq=[1.0],
        bounds=[(None, None)] * (size + 1),
        method="highs",
    )
    if program.status != 0 or -program.fun <= NEAR:
        return None
    return np.asarray(Q @ program.x[:size])


def _face(
    rows: Whole, played: list[int], basis: Whole, free: list[int], coordinates: Sequence[Fraction], method: str
) -> Face | None:
    """The face, if the point with these coordinates is strictly complementary, exactly."""
    unit = _unit(coordinates)
    K = fmpz_mat(basis)
    y = fmpz_mat([[v.numerator * (unit // v.denominator)] for v in coordinates])
    weights = [int(w) for w in (K * y).entries()]
    if min(weights) <= 0:
        return None
    inside = set(played)
    others = [i for i in range(len(rows)) if i not in inside]
    slack: list[tuple[int, ...]] = []
    if others:
        negated = fmpz_mat([[-rows[i][j] for j in played] for i in others]) * K
        if min((negated * y).entries()) <= 0:
            return None
        slack = [tuple(map(int, row)) for row in negated.table()]
    total = sum(weights)
    interior = [Fraction(0)] * len(rows)
    for i, w in zip(played, weights, strict=True):
        interior[i] = Fraction(w, total)
    return Face(tuple(interior), tuple(played), tuple(map(tuple, basis)), tuple(free), tuple(slack), method)
