"""Who beats whom: the Condorcet winner and the Smith set of a game.

Action i beats j if it is preferred to it with more than probability 1/2, ``A[i, j] > 0``. A set is *dominant* if each
of its actions beats every action outside it. Dominant sets are nested, and the smallest is the Smith set [Smith 1973;
Good 1971]; it holds the support of every von Neumann winner. It is a set of best Copeland scores c (actions beaten less
actions lost to): in a dominant set of k actions c is at least ``(n - k) - (k - 1)``, outside it at most
``(n - k - 1) - k``; and the k best are dominant if and only if their scores sum to ``k (n - k)``, as what they win and
lose among each other cancels out. So one pass over the pairs is enough, and N numbers are kept.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from solvers.games.game import PreferenceGame, require_game
from solvers.games.payoffs import BLOCK, Array, Dense, Factored

Whole = NDArray[np.int64]


def condorcet_winner(game: PreferenceGame) -> int | None:
    """The action that beats every other one, or ``None``; then its point mass is the only von Neumann winner.

    Raises ``TypeError`` for what is no game, a bare matrix above all.
    """
    scores = copeland_scores(game)
    best = int(scores.argmax())
    return best if scores[best] == game.size - 1 else None


def smith_set(game: PreferenceGame) -> tuple[int, ...]:
    """The smallest set of actions each of which beats every action outside it, ascending.

    Raises ``TypeError`` for what is no game, a bare matrix above all.
    """
    return smallest_dominant_set(copeland_scores(game))


def copeland_scores(game: PreferenceGame) -> Whole:
    """``(N,)``: how many actions each beats, less how many beat it.

    A factored game is multiplied out a block at a time; a preference within the rounding error of its product counts as
    a tie, as between copies of an action. Raises ``TypeError`` for what is no game, a bare matrix above all.
    """
    n = require_game(game).size
    scores = np.zeros(n, dtype=np.int64)
    width = max(1, BLOCK // n)
    for start in range(0, n, width):
        block = slice(start, min(start + width, n))
        beats = np.sign(game.matrix[block]) if isinstance(game.payoffs, Dense) else _signs(game.payoffs, block)
        scores[block] = beats.sum(axis=1)
    return scores


def smallest_dominant_set(scores: Whole) -> tuple[int, ...]:
    """The Smith set, from the Copeland scores of all pairs."""
    order = np.argsort(-scores, kind="stable")
    k = np.arange(1, len(scores) + 1)
    dominant = np.cumsum(scores[order]) == k * (len(scores) - k)
    return tuple(sorted(order[: int(dominant.argmax()) + 1].tolist()))


def _signs(payoffs: Factored, block: slice) -> Array:
    """The signs of these rows of A; both links are odd and increasing, so those of the products."""
    u, S = payoffs.factors, payoffs.skew
    products = u[block] @ S @ u.T
    error = np.finfo(np.float64).eps * 2 * len(S) * (np.abs(u[block]) @ np.abs(S) @ np.abs(u).T)
    return np.where(np.abs(products) <= error, 0.0, np.sign(products))
