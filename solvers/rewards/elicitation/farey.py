"""Fractions of bounded denominator, counted and halved: what a search for a rational number needs.

``F_D`` is the set of fractions in [0, 1] with denominators of at most D (the Farey sequence of order D). It has
``1 + Σ_{q<=D} φ(q)`` members, about 3D²/π², and two neighbours p/q < p'/q' differ by 1/(qq'), where q + q' > D: by at
most 1/D. The position of x in it is

    rank(x) = |{y in F_D : y <= x}| = 1 + Σ_{g<=D} μ(g) S(⌊D/g⌋),    S(m) = Σ_{q<=m} ⌊qx⌋,

because S(m) counts the p/q <= x with 1 <= p and q <= m, reduced or not. ``⌊D/g⌋`` takes about 2√D values, and each S is
found by Euclid's algorithm. The *simplest* fraction in an interval, of least denominator, is where the Stern–Brocot
tree first enters it.

Sources: Graham, Knuth and Patashnik, *Concrete mathematics*, 1994, sections 4.5 and 4.9; Kwek and Mehlhorn, *Optimal
search for rationals*, 2003; Pătraşcu and Pătraşcu, *Computing order statistics in the Farey sequence*, 2004.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

LARGEST = 10**6  # up to this denominator every product below stays within 64 bits
ZERO, ONE = Fraction(0), Fraction(1)
Integers = NDArray[np.int64]


def rank(x: Fraction, denominator: int) -> int:
    """The number of fractions in [0, x] with denominators of at most `denominator`; x is in [0, 1]."""
    sizes, weights = _blocks(denominator)
    return 1 + int(weights @ _floor_sums(sizes, x.numerator, x.denominator))


def simplest(low: Fraction, high: Fraction) -> Fraction:
    """The fraction of least denominator in [low, high]."""
    whole = -(-low.numerator // low.denominator)
    if whole <= high:
        return Fraction(whole)
    below = whole - 1
    return below + 1 / simplest(1 / (high - below), 1 / (low - below))


def simplest_inside(low: Fraction, high: Fraction | None) -> Fraction:
    """The fraction of least denominator in the open interval (low, high), or (low, ∞) for None."""
    whole = low.numerator // low.denominator
    if high is None or whole + 1 < high:
        return Fraction(whole + 1)
    return whole + 1 / simplest_inside(1 / (high - whole), 1 / (low - whole) if low > whole else None)


def split(low: Fraction, high: Fraction, denominator: int, first: int, last: int) -> Fraction:
    """A simple fraction of F_D whose rank is from `first` to `last`: the simplest, but where a quick guess serves.

    low, high: bounds in [0, 1] with ``rank(low) <= first`` and ``rank(high) > last``. The guess is the simplest
    fraction in the middle tenth of [low, high]: Farey fractions are spread evenly where there are many.
    """
    tenth = (high - low) / 20
    guess = simplest(low + 9 * tenth, low + 11 * tenth)
    if guess.denominator <= denominator and first <= rank(guess, denominator) <= last:
        return guess
    # The grid is finer than the gaps of F_D, so (start, stop] holds the fractions of these ranks and no others.
    grid = 2 * denominator * denominator
    start = _last_below(low, high, grid, denominator, first)
    stop = _last_below(low, high, grid, denominator, last + 1)
    # Nothing of F_D is that little above stop/grid: it would differ from it by a multiple of 1/(grid·q).
    return simplest_inside(Fraction(start, grid), Fraction(stop, grid) + Fraction(1, 2 * grid * denominator))


def _last_below(low: Fraction, high: Fraction, grid: int, denominator: int, position: int) -> int:
    """The largest k with ``rank(k/grid) < position``."""
    a, b = int(low * grid) - 1, int(high * grid) + 1
    while b - a > 1:
        middle = (a + b) // 2
        if rank(min(Fraction(middle, grid), ONE), denominator) < position:
            a = middle
        else:
            b = middle
    return a


@lru_cache(maxsize=8)
def _blocks(denominator: int) -> tuple[Integers, Integers]:
    """The values of ``⌊D/g⌋``, and for each the sum of μ(g) over the g that have it."""
    mobius = np.ones(denominator + 1, dtype=np.int64)
    mobius[0] = 0
    composite = np.zeros(denominator + 1, dtype=bool)
    for p in range(2, denominator + 1):
        if not composite[p]:
            composite[2 * p :: p] = True
            mobius[p::p] *= -1
            mobius[p * p :: p * p] = 0
    mertens = np.cumsum(mobius)
    sizes, weights, g = [], [], 1
    while g <= denominator:
        size = denominator // g
        end = denominator // size
        sizes.append(size)
        weights.append(int(mertens[end] - mertens[g - 1]))
        g = end + 1
    return np.array(sizes, dtype=np.int64), np.array(weights, dtype=np.int64)


def _floor_sums(sizes: Integers, a: int, b: int) -> Integers:
    """``Σ_{q<=m} ⌊qa/b⌋`` for each m in `sizes`, by Euclid's algorithm on a and b.

    The number of lattice points under a line of slope a/b: take out the whole part of the slope, then turn the plane.
    """
    total = np.zeros_like(sizes)
    count, offset = sizes + 1, np.zeros_like(sizes)  # Σ_{i<count} ⌊(ai + offset)/b⌋
    while True:
        total += count * (count - 1) // 2 * (a // b) + count * (offset // b)
        a, offset = a % b, offset % b
        top = a * count + offset
        if a == 0:
            return total
        count, offset = top // b, top % b
        a, b = b, a
