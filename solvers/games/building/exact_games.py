"""Games of whole margins: ``A[i, j] = margins[i, j] / (2 totals[i, j])``, exactly, at little more than floating cost.

Shares of counts take few values, and equal ones share one ``Fraction``: a thousand actions cost a million pointers.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.games.game import PreferenceGame, game_of
from solvers.games.payoffs import Dense, require_memory

Whole = NDArray[np.int64]

NUMBERS = 8  # of 8 bytes for each entry: margins, totals, A and its copies, and pointers to fractions


def require_pairs(size: int) -> None:
    """Raises ``GameTooLarge`` unless the pairs of so many actions fit."""
    require_memory(NUMBERS * float(size) ** 2, f"a game of {size:,} actions")


def margin_game(margins: Whole, totals: Whole | int, labels: Sequence[Any] | None = None) -> PreferenceGame:
    """The exact game of skew-symmetric whole margins (wins less losses) out of symmetric positive totals."""
    known: dict[tuple[int, int], Fraction] = {}

    def half(margin: int, total: int) -> Fraction:
        key = margin, total
        if key not in known:
            known[key] = Fraction(margin, 2 * total)
        return known[key]

    of = np.broadcast_to(np.asarray(totals), margins.shape)
    rationals = tuple(tuple(map(half, row, among)) for row, among in zip(margins.tolist(), of.tolist(), strict=True))
    A = margins / (2 * of)  # rounded once, and so exactly skew-symmetric
    A.setflags(write=False)
    return game_of(Dense(A), rationals=rationals, labels=labels)
