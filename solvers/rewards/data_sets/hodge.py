"""The part of pairwise preferences that scores can say, and the part that runs in circles.

Of a pair with w wins, l losses and t ties (half a win for both) let p = (w + t/2 + 1/2) / (n + 1), n = w + l + t: the
flow is the log-odds Y_ij = ln(p / (1 - p)), its weight c_ij = n p (1 - p), the inverse of its variance. Y_ji = -Y_ij.
Scores s by weighted least squares, ``min Σ c_ij (s_i - s_j - Y_ij)²``, give the *gradient* part, which is all of it
if Bradley–Terry holds; what is left is *cyclic*: it has no divergence, and splits into what circles around triangles
(*curl*) and what circles around longer holes only (*harmonic*). The three are orthogonal in the inner product with
weights c, so their shares of ``Σ c Y²`` sum to one [Jiang, Lim, Yao and Ye 2011, Statistical ranking and combinatorial
Hodge theory, Mathematical Programming 127].

Chance alone makes a cyclic part: c Var(Y) is about 1 - (t/n) / (4 p (1 - p)) for each pair, and the expected norm of
the residual is that times one minus the leverage, summed over the pairs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array, diags_array
from scipy.sparse.linalg import lsqr

from solvers.rewards.data_sets.tally import Floats, Ints
from solvers.rewards.pairwise.win_counts import WinCounts

MOST_ITEMS = 500  # whose leverages are found
MOST_TRIANGLES = 20_000


@dataclass(frozen=True, slots=True)
class Hodge:
    """The parts of the flow Y, one number for each compared pair in the order of the counts.

    scores: of mean zero in each connected part. gradient, cyclic: their sum is Y. cyclic_share: of the squared norm.
    by_chance: the cyclic norm to be expected if the gradient were all, as a share of the same norm (``None`` for more
    than 500 items). curl_share, harmonic_share: the parts of `cyclic_share` (``None`` if triangles are too many).
    one_sided: pairs whose answers all went one way; their true log-odds are infinite, and what stands for them depends
    on the halves added, so where there are more than a few the shares say little.
    """

    scores: Floats
    flow: Floats
    gradient: Floats
    cyclic: Floats
    weights: Floats
    cyclic_share: float
    by_chance: float | None
    curl_share: float | None
    harmonic_share: float | None
    one_sided: int


def hodge(counts: WinCounts) -> Hodge:
    """The decomposition of pairwise counts; ties count as answers that lean to neither side."""
    total, i, j = counts.totals, counts.i, counts.j
    share = (counts.wins + counts.ties / 2 + 0.5) / (total + 1)
    flow = np.log(share / (1 - share))
    weight = total * share * (1 - share)
    pairs = len(i)
    rows = np.concatenate([np.arange(pairs)] * 2)
    signs = np.concatenate([np.ones(pairs), -np.ones(pairs)])
    slope = csr_array((signs, (rows, np.concatenate([i, j]))), (pairs, counts.size))
    root = np.sqrt(weight)
    weighted = diags_array(root) @ slope
    by_chance = None
    if counts.size <= MOST_ITEMS:
        inverse = np.linalg.pinv((weighted.T @ weighted).toarray(), hermitian=True)
        scores = inverse @ (weighted.T @ (root * flow))
        leverage = weight * (inverse[i, i] + inverse[j, j] - 2 * inverse[i, j])
        noise = 1 - counts.ties / total / (4 * share * (1 - share))
        by_chance = float(noise @ (1 - leverage))
    else:
        scores = lsqr(weighted, root * flow, atol=1e-12, btol=1e-12, iter_lim=20 * counts.size)[0]
    gradient = scores[i] - scores[j]
    cyclic = flow - gradient
    norm, rest = float(weight @ flow**2), float(weight @ cyclic**2)
    curl = _curl(counts, root, cyclic)
    return Hodge(
        scores=scores,
        flow=flow,
        gradient=gradient,
        cyclic=cyclic,
        weights=weight,
        cyclic_share=rest / norm if norm else 0.0,
        by_chance=None if by_chance is None or not norm else by_chance / norm,
        curl_share=None if curl is None or not norm else curl / norm,
        harmonic_share=None if curl is None or not norm else max(rest - curl, 0.0) / norm,
        one_sided=int(((counts.wins + counts.ties == 0) | (counts.losses + counts.ties == 0)).sum()),
    )


def _curl(counts: WinCounts, root: Floats, cyclic: Floats) -> float | None:
    """The squared norm of the part of the cyclic flow that triangles span, of all that do not cross zero weights."""
    triangles = _triangles(counts)
    if triangles is None:
        return None
    if not len(triangles):
        return 0.0
    count = len(triangles)
    rows = triangles.T.ravel()  # the pairs ij, jk, ik of i < j < k; the circle runs along the first two
    signs = np.repeat([1.0, 1.0, -1.0], count)
    around = csr_array((signs, (rows, np.tile(np.arange(count), 3))), (len(root), count))
    spanned = diags_array(1 / root) @ around
    right = root * cyclic
    fitted = spanned @ lsqr(spanned, right, atol=1e-12, btol=1e-12, iter_lim=10 * len(root) + 100)[0]
    return float(fitted @ fitted)


def _triangles(counts: WinCounts) -> Ints | None:
    """(t, 3): the places of the pairs ij, jk, ik of every three items that were all compared."""
    place = {pair: k for k, pair in enumerate(zip(counts.i.tolist(), counts.j.tolist(), strict=True))}
    later: dict[int, list[int]] = {}
    for i, j in place:
        later.setdefault(i, []).append(j)
    found = []
    for (i, j), k in place.items():
        others = later.get(j, [])
        for third in others if len(others) < len(later[i]) else later[i]:
            if (j, third) in place and (i, third) in place:
                found.append((k, place[j, third], place[i, third]))
        if len(found) > MOST_TRIANGLES:
            return None
    return np.array(found, dtype=np.int64).reshape(-1, 3)
