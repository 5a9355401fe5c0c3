"""Double oracle: the game restricted to a few actions, which grow by best responses to its equilibrium.

With W the actions so far and q an equilibrium of ``A[W][:, W]``, the gains ``A q`` of all actions are a product of
the columns ``A[:, W]`` that were computed so far: a round costs O(N) for each new column and each action of the
support, and nothing of size N × N is ever held, so that games of factors (:class:`solvers.games.payoffs.Factored`) of
10⁵ actions can be solved. No action gains: q is an equilibrium of the whole game. Otherwise those that gain most enter
W, several at a time. It ends, as W only grows, and is fast if the support is small, as in games of low rank: with the
identity link and rank r there is a winner of at most r + 1 actions; with the logistic link supports are small in
practice. The game is symmetric, so both players' restricted sets are one. Source: McMahan, Gordon and Blum 2003.
"""

from __future__ import annotations

import numpy as np
from tqdm import tqdm

from solvers.arguments import whole_number
from solvers.games.equilibrium import Equilibrium
from solvers.games.first_order.loop import DELAY, Callback, Seen
from solvers.games.game import PreferenceGame, exploitability, positive, require_game
from solvers.games.payoffs import Array, Indices, require_memory
from solvers.games.second_order.interior_point import central_path
from solvers.games.second_order.threads import suited_to

METHOD = "double oracle"
FIRST = 16  # actions to begin with, evenly spaced
LEAST = 4  # actions that may enter in a round; 1/Σq² of them if that is more
LOOSE = 0.1  # a restricted game is solved to this share of the gap in the whole game
INNER = 60  # interior-point iterations for a restricted game


def double_oracle(
    game: PreferenceGame,
    *,
    tolerance: float = 1e-9,
    iterations: int = 1000,
    largest: int | None = None,
    callback: Callback | None = None,
    progress: bool | None = None,
) -> Equilibrium:
    """A von Neumann winner by restricted games, each solved by the interior-point method.

    iterations: of rounds. largest: the run stops, not converged, before the restricted game has more actions; ``None``:
    no limit. callback and progress: as in :func:`solvers.games.first_order.loop.run`. Raises ``TypeError`` for no game,
    ``ValueError`` for arguments that are not positive, ``GameTooLarge`` before N × |W| numbers would not fit.
    """
    require_game(game)
    within = positive(tolerance, "tolerance")
    count = whole_number(iterations, "iterations", 1)
    most = game.size if largest is None else min(game.size, whole_number(largest, "largest", 1))
    new = np.unique(np.linspace(0, game.size - 1, min(most, FIRST)).astype(np.intp))
    actions = np.zeros(0, dtype=np.intp)
    blocks: list[Array] = []  # A[:, W], as many columns at a time as entered together
    matrix = np.zeros((0, 0))  # A[W][:, W]
    gaps: list[float] = []
    best, best_gap, inner = np.zeros(game.size), np.inf, LOOSE
    reason = f"the gap was not within {within:g} after {count:,} rounds"
    disable = None if progress is None else not progress
    with suited_to(game.size), tqdm(total=count, desc=METHOD, disable=disable, delay=DELAY, leave=False) as bar:
        while True:
            if len(new):
                require_memory(2 * game.size * (len(actions) + len(new)), f"a double oracle of {game.size:,} actions")
                blocks.append(game.payoffs.columns(new))
                matrix = _bordered(matrix, blocks[-1][actions], blocks[-1][new])
                actions = np.concatenate((actions, new))
            q = _equilibrium(matrix, inner)
            gain = _gain(blocks, q)
            gap = float(2 * gain.max())
            gaps.append(gap)
            if gap < best_gap or callback is not None:
                last = np.zeros(game.size)
                last[actions] = q
                if gap < best_gap:
                    best, best_gap = last, gap
                if callback is not None:
                    callback(Seen(len(gaps), last, gap, None, np.nan))
            bar.update(1)
            if gap <= within or len(gaps) == count:
                break
            exact = inner <= within / 4
            inner = max(within / 4, LOOSE * gap)
            new = _best(gain, actions, within / 2, max(LEAST, int(1 / (q @ q))))
            if not len(new):
                if exact:
                    reason = (
                        f"the restricted game of {len(actions):,} actions was not solved within {within:g}: rounding"
                    )
                    break
                inner = within / 4
            if len(actions) + len(new) > most:
                reason = f"more than {most:,} actions are needed, or were tried"
                break
    gap = exploitability(game, best)
    return Equilibrium(
        policy=best,
        gap=gap,
        converged=gap <= within,
        iterations=len(gaps),
        method=METHOD,
        tolerance=within,
        history=np.array(gaps),
        reason="" if gap <= within else reason,
        last=best,
        last_gap=gap,
    )


def _bordered(matrix: Array, across: Array, corner: Array) -> Array:
    """``A[W][:, W]`` with the columns `across` of new actions, and their own block."""
    return np.block([[matrix, across], [-across.T, (corner - corner.T) / 2]])


def _gain(blocks: list[Array], q: Array) -> Array:
    """``A[:, W] q``."""
    gain = np.zeros(len(blocks[0]))
    start = 0
    for block in blocks:
        part = q[start : start + block.shape[1]]
        start += len(part)
        if part.any():
            gain += block @ part
    return gain


def _equilibrium(matrix: Array, within: float) -> Array:
    """The best policy that the interior-point method finds for a restricted game."""
    best, best_gap = np.zeros(0), np.inf
    for k, iterate in enumerate(central_path(matrix, within)):
        assert iterate.last_gain is not None
        gap = 2 * iterate.last_gain.max()
        if gap < best_gap:
            best, best_gap = iterate.last, gap
        if gap <= within or k == INNER:
            break
    return best


def _best(gain: Array, actions: Indices, least: float, most: int) -> Indices:
    """Up to so many of the actions outside W that gain most, of those that gain more than `least`."""
    gain = gain.copy()
    gain[actions] = -np.inf
    most = min(most, len(gain))
    top = np.argpartition(-gain, most - 1)[:most]
    return np.sort(top[gain[top] > least])
