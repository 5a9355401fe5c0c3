"""All von Neumann winners of a game: the vertices of the polytope of equilibria, exactly.

:mod:`solvers.games.exact.face` gives the null space K of ``A_BB`` with ``p_B = K y``. In the coordinates y the
equilibria are a cone, cut off by ``1·p = 1``: one inequality for each action, ``p_i >= 0`` if it may be played and
``-(A p)_i >= 0`` if not. Those of the free coordinates alone give a simplicial cone, whose rays are the columns of K;
the others cut it one by one, and each cut leaves the rays on its good side and one new ray between each good and bad
ray that are adjacent (the double description method). A ray is held by the values of all N inequalities.

A polytope of dimension D with N facets has at most ``C(N - ⌈D/2⌉, ⌊D/2⌋) + C(N - 1 - ⌊D/2⌋, ⌈D/2⌉ - 1)`` vertices for
D > 0, and so have those on the way, which have fewer facets.
Sources: Motzkin, Raiffa, Thompson and Thrall 1953; Fukuda and Prodon 1996; McMullen 1970 (the bound).
"""

from __future__ import annotations

from fractions import Fraction
from math import comb, gcd

from solvers.arguments import whole_number
from solvers.games.exact.face import Face, equilibrium_face
from solvers.games.game import PreferenceGame
from solvers.games.payoffs import GameTooLarge

Ray = tuple[tuple[int, ...], int]  # its values, and the set of inequalities so far in which it is zero


def equilibrium_vertices(game: PreferenceGame, *, most: int = 5000) -> tuple[tuple[Fraction, ...], ...]:
    """The von Neumann winners of which all others are mixtures, in exact numbers, those of most mass early first.

    One vertex: the winner is unique. A game of floats is taken to be the exact numbers that it stores. most: by the
    upper bound theorem (above) there must not be more vertices than this. Games of 1,000 actions with few winners are
    no trouble. Raises ``TypeError`` for no game, ``ValueError`` for ``most < 1``, ``GameTooLarge`` before the work
    starts.
    """
    limit = whole_number(most, "most", 1)
    face = equilibrium_face(game)
    bound = _bound(game.size, face.dimension)
    if bound > limit:
        raise GameTooLarge(
            f"the winners of {game.size:,} actions are a set of dimension {face.dimension} that may have {bound:,} "
            f"vertices, more than most = {limit:,}; maximum_entropy_winner chooses one winner without listing any"
        )
    found = []
    for values, _ in _rays(game.size, face):
        total = sum(values[i] for i in face.played)
        policy = [Fraction(0)] * game.size
        for i in face.played:
            policy[i] = Fraction(values[i], total)
        found.append(tuple(policy))
    return tuple(sorted(found, reverse=True))


def _bound(facets: int, dimension: int) -> int:
    low, high = dimension // 2, (dimension + 1) // 2
    return comb(facets - high, low) + comb(facets - 1 - low, high - 1) if dimension else 1


def _rays(size: int, face: Face) -> list[Ray]:
    """The extreme rays of the cone."""
    outside = sorted(set(range(size)) - set(face.played))
    rows = dict(zip((*face.played, *outside), (*face.basis, *face.slack), strict=True))
    free = [face.played[k] for k in face.free]
    rays = []
    for column, own in enumerate(free):
        zero = sum(1 << i for i in free if i != own)
        rays.append(_ray([rows[i][column] for i in range(size)], zero))
    for i in sorted(set(range(size)) - set(free)):
        rays = _cut(rays, i, len(free))
    return rays


def _ray(values: list[int], zero: int) -> Ray:
    unit = gcd(*values)
    return tuple(v // unit for v in values), zero


def _cut(rays: list[Ray], i: int, dimension: int) -> list[Ray]:
    """The extreme rays of the part of a cone where inequality i holds."""
    kept: list[Ray] = []
    good: list[Ray] = []
    bad: list[Ray] = []
    for values, zero in rays:
        if values[i] < 0:
            bad.append((values, zero))
        elif values[i] > 0:
            good.append((values, zero))
        else:
            kept.append((values, zero | 1 << i))
    kept += good
    for first, ours in good:
        for second, theirs in bad:
            both = ours & theirs
            # Adjacent: on a common face of dimension 2, so on no other ray's.
            if both.bit_count() < dimension - 2 or sum(zero & both == both for _, zero in rays) > 2:
                continue
            a, b = first[i], -second[i]
            kept.append(_ray([b * x + a * y for x, y in zip(first, second, strict=True)], both | 1 << i))
    return kept
