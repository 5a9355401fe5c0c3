"""Preference data of known make, for the tests of the data-set doctor."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from solvers.rewards.data_sets.tally import Judgement
from solvers.rewards.pairwise.win_counts import WinCounts

Matrix = NDArray[np.float64]


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def drawn(
    chance: Matrix, answers: int, generator: np.random.Generator, judge: Any = None, ties: float = 0.0
) -> list[Judgement]:
    """Answers to random pairs, i preferred to j with probability chance[i, j]."""
    found = []
    for _ in range(answers):
        i, j = generator.choice(len(chance), 2, replace=False)
        winner, loser = (i, j) if generator.random() < chance[i, j] else (j, i)
        tie = bool(generator.random() < ties)
        found.append(Judgement(f"i{winner}", f"i{loser}", judge=judge, tie=tie))
    return found


def scores_matrix(scores: Matrix) -> Matrix:
    return np.asarray(sigmoid(scores[:, None] - scores[None, :]))


def counts_of(wins: Any, ties: Any = None) -> WinCounts:
    W = np.asarray(wins, dtype=float)
    T = np.zeros_like(W) if ties is None else np.asarray(ties, dtype=float)
    i, j = np.nonzero(np.triu(W + W.T + T, 1))
    return WinCounts(len(W), i, j, W[i, j], W[j, i], T[i, j])


def random_counts(size: int, generator: np.random.Generator, most: int = 12, gaps: float = 0.0) -> WinCounts:
    W = generator.integers(0, most, (size, size)).astype(float)
    met = generator.random((size, size)) >= gaps
    met = np.triu(met, 1) | np.triu(met, 1).T
    return counts_of(W * met * (1 - np.eye(size)))
