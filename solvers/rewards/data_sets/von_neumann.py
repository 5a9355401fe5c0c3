"""The von Neumann winner: a lottery over items that no item beats on average.

With P_ij the share of answers that prefer i to j (a tie is half of one, and pairs that were never compared count as
even), M = P - 1/2 is skew-symmetric, so the game with payoffs M has value zero [von Neumann 1928], and some lottery p
has ``Σ_i p_i M_ij >= 0`` for every j: a maximal lottery [Kreweras 1965; Fishburn 1984], the von Neumann winner of
[Dudík, Hofmann, Schapire, Slivkins and Zoghi 2015], the Nash solution of preference learning [Munos et al. 2024]. Its
support lies within the Smith set, the smallest set of items each of which has a majority over every item outside it,
so the linear program is solved there only. Several lotteries may do, as where items tie: then it is the one of least
Euclidean norm, which treats equal items equally (a least-distance problem, by non-negative least squares [Lawson and
Hanson 1974, chapter 23]); up to 200 items of the Smith set.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog, nnls

from solvers.games.social_choice.majorities import smallest_dominant_set
from solvers.rewards.data_sets.tally import Floats
from solvers.rewards.pairwise.win_counts import WinCounts

MOST_ITEMS = 1_000  # of the Smith set
MOST_EVEN = 200  # ... in which a lottery of least norm is looked for
EXACT = 1e-9  # by how much that may be beaten
SUPPORT = 1e-9  # a probability above counts as positive


@dataclass(frozen=True, slots=True)
class VonNeumannWinner:
    """A maximal lottery.

    probabilities: one for each item. support: positions of the items with positive probability, the likeliest first.
    gap: ``max_j (Σ_i p_i P_ji) - 1/2`` recomputed over all items, zero for an exact winner. smith: the Smith set.
    margin: by how much a single winner beats its closest rival, as a share above 1/2; ``None`` for a mixture.
    """

    probabilities: Floats
    support: tuple[int, ...]
    gap: float
    smith: tuple[int, ...]
    margin: float | None

    @property
    def single(self) -> bool:
        """Whether one item beats or ties all others."""
        return len(self.support) == 1


def von_neumann_winner(counts: WinCounts) -> VonNeumannWinner | None:
    """A maximal lottery of pairwise counts; ``None`` if the Smith set has more than 1,000 items."""
    smith = smith_set(counts)
    if len(smith) > MOST_ITEMS:
        return None
    margin = (counts.wins - counts.losses) / counts.totals / 2
    inside = np.full(counts.size, -1)
    inside[list(smith)] = np.arange(len(smith))
    both = (inside[counts.i] >= 0) & (inside[counts.j] >= 0)
    M = np.zeros((len(smith), len(smith)))
    M[inside[counts.i[both]], inside[counts.j[both]]] = margin[both]
    M -= M.T
    chosen = _maximal(M)
    probabilities = np.zeros(counts.size)
    probabilities[list(smith)] = chosen
    # Recomputed over all items: what each of them gains against the lottery.
    gains = np.bincount(counts.j, -margin * probabilities[counts.i], counts.size)
    gains += np.bincount(counts.i, margin * probabilities[counts.j], counts.size)
    positive = np.flatnonzero(probabilities > SUPPORT)
    support = tuple(positive[np.argsort(-probabilities[positive], kind="stable")].tolist())
    closest = None
    if len(support) == 1:
        at = support[0]
        against = np.concatenate([margin[counts.i == at], -margin[counts.j == at]])
        closest = float(against.min()) if len(against) == counts.size - 1 else 0.0
    return VonNeumannWinner(probabilities, support, max(float(gains.max()), 0.0), smith, closest)


def resampled_winner(counts: WinCounts, generator: np.random.Generator, times: int = 100) -> Floats:
    """The mean of the von Neumann winners of data sets drawn anew, answer by answer, from each pair's own shares.

    An item's entry says how much of the winner is left to it by chance. Weights are rounded to whole answers.
    """
    totals = np.maximum(np.rint(counts.totals), 1).astype(np.int64)
    shares = np.stack([counts.wins, counts.losses, counts.ties], axis=1) / counts.totals[:, None]
    mean = np.zeros(counts.size)
    for _ in range(times):
        drawn = generator.multinomial(totals, shares).astype(float)
        found = von_neumann_winner(WinCounts(counts.size, counts.i, counts.j, *drawn.T))
        if found is None:
            return np.full(counts.size, np.nan)
        mean += found.probabilities / times
    return mean


def smith_set(counts: WinCounts) -> tuple[int, ...]:
    """The smallest set of items each of which has a majority over every item outside it, ascending."""
    sign = np.sign(counts.wins - counts.losses)
    scores = np.bincount(counts.i, sign, counts.size) - np.bincount(counts.j, sign, counts.size)
    return smallest_dominant_set(scores.astype(np.int64))


def _maximal(M: Floats) -> Floats:
    """p >= 0, Σp = 1 with the largest v such that pᵀM >= v: then v = 0."""
    size = len(M)
    if size == 1:
        return np.ones(1)
    even = int((M == 0).sum()) > size  # only then several lotteries are to be expected
    shared = _least_norm(M) if even and size <= MOST_EVEN else None
    if shared is not None:
        return shared
    found = linprog(
        c=np.concatenate([np.zeros(size), [-1.0]]),
        A_ub=np.hstack([-M.T, np.ones((size, 1))]),
        b_ub=np.zeros(size),
        A_eq=np.concatenate([np.ones(size), [0.0]])[None, :],
        b_eq=np.ones(1),
        bounds=[(0, None)] * size + [(None, None)],
        method="highs",
    )
    if not found.success:
        raise ArithmeticError(f"HiGHS found no maximal lottery: {found.message}")
    return np.asarray(found.x[:size], dtype=np.float64)


def _least_norm(M: Floats) -> Floats | None:
    """The p of least norm with ``pᵀM >= 0``, ``p >= 0``, ``Σp >= 1``, so that Σp = 1; ``None`` if it is not exact."""
    size = len(M)
    needs = np.vstack([M.T, np.eye(size), np.ones(size)])
    above = np.zeros(len(needs))
    above[-1] = 1
    design = np.vstack([needs.T, above])
    aim = np.zeros(size + 1)
    aim[-1] = 1
    rest = design @ nnls(design, aim)[0] - aim
    if rest[-1] == 0:
        return None
    p = np.maximum(-rest[:-1] / rest[-1], 0.0)
    p[p < SUPPORT] = 0.0
    p = p / p.sum()
    return np.asarray(p, dtype=np.float64) if float((p @ M).min()) >= -EXACT else None
