"""What a solver of a tree game returns, and the loop around those that iterate."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from tqdm import tqdm

from solvers.arguments import whole_number
from solvers.games.first_order.loop import DELAY
from solvers.games.game import positive
from solvers.games.payoffs import Array
from solvers.games.trees.judge import gap_of, regularised_tree_gap
from solvers.games.trees.tree_game import TreeGame
from solvers.games.trees.treeplex import behaviour_of, policy_at

Plans = tuple[Array, Array]


@dataclass(frozen=True, slots=True, eq=False)
class TreeEquilibrium:
    """A pair of policies and their certified gap, as :class:`solvers.games.Equilibrium` is for matrices.

    plans: the realisation plans (S₁,) and (S₂,), the same array twice in a symmetric game that one policy plays. gap:
    of `plans`, recomputed from them by THE JUDGE (regularised if `tau` is not 0). value: the first player's payoff.
    converged: gap <= tolerance; if not, `reason` says what stopped the run, and the policies are no answer, only the
    best so far. history: the gap after each iteration, of what `plans` is (NaN where the method did not look). last and
    average: the other iterates and their gaps, where the method has them. references: behaviours (S,).
    """

    game: TreeGame
    plans: Plans
    value: float
    gap: float
    converged: bool
    iterations: int
    method: str
    tolerance: float
    history: Array
    tau: float = 0.0
    references: Plans | None = None
    reason: str = ""
    last: Plans | None = None
    last_gap: float = np.nan
    average: Plans | None = None
    average_gap: float = np.nan

    @property
    def policies(self) -> tuple[dict[Any, dict[Any, float]], dict[Any, dict[Any, float]]]:
        """Both policies, as information set -> action -> probability; uniform where the player himself never gets."""
        first, second = (
            policy_at(plex, behaviour_of(plex, plan)) for plex, plan in zip(self.game.players, self.plans, strict=True)
        )
        return first, second

    @property
    def policy(self) -> dict[Any, dict[Any, float]]:
        """The first player's policy; of a symmetric game, the policy that nothing beats."""
        return self.policies[0]

    def __repr__(self) -> str:
        state = "converged" if self.converged else f"NOT CONVERGED ({self.reason})"
        which = "gap" if not self.tau else f"regularised gap (τ = {self.tau:g})"
        return (
            f"TreeEquilibrium({self.method}: {state}, {which} {self.gap:.2e}, tolerance {self.tolerance:.0e}, "
            f"value {self.value:.6g}, {self.iterations} iterations)"
        )


@dataclass(frozen=True, slots=True, eq=False)
class TreeSeen:
    """What a callback is told after each iteration that was judged."""

    iteration: int
    last: Plans
    last_gap: float
    average: Plans | None
    average_gap: float


TreeCallback = Callable[[TreeSeen], object]


@dataclass(frozen=True, slots=True, eq=False)
class TreeIterate:
    """The plans after one more iteration, and a function that makes the average."""

    last: Plans
    average: Callable[[], Plans] | None = None


def judged(
    game: TreeGame,
    plans: Plans,
    *,
    method: str,
    tolerance: float,
    iterations: int,
    history: Array,
    tau: float = 0.0,
    references: Plans | None = None,
    reason: str = "",
    last: Plans | None = None,
    average: Plans | None = None,
) -> TreeEquilibrium:
    """The record of a run, all gaps computed anew; `reason` counts where the gap is beyond the tolerance."""
    gap = judge(game, plans, tau, references)
    return TreeEquilibrium(
        game=game,
        plans=plans,
        value=game.value(*plans),
        gap=gap,
        converged=gap <= tolerance,
        iterations=iterations,
        method=method,
        tolerance=tolerance,
        history=history,
        tau=tau,
        references=references,
        reason="" if gap <= tolerance else reason,
        last=last,
        last_gap=np.nan if last is None else judge(game, last, tau, references),
        average=average,
        average_gap=np.nan if average is None else judge(game, average, tau, references),
    )


def judge(game: TreeGame, plans: Plans, tau: float, references: Plans | None) -> float:
    """THE JUDGE of a pair of plans."""
    if not tau or references is None:
        return gap_of(game, *plans)
    first = behaviour_of(game.players[0], plans[0])
    second = first if plans[0] is plans[1] else behaviour_of(game.players[1], plans[1])
    return regularised_tree_gap(game, (first, second), references, tau)


def run(
    game: TreeGame,
    steps: Iterator[TreeIterate],
    *,
    method: str,
    answer: Literal["last", "average"],
    iterations: int,
    tolerance: float,
    tau: float = 0.0,
    references: Plans | None = None,
    every: int = 1,
    callback: TreeCallback | None = None,
    progress: bool | None = None,
) -> TreeEquilibrium:
    """Takes up to `iterations` from `steps`; stops when the gap of the answer, looked at each `every`, is small enough.

    callback, progress: as for matrices. Raises ``ValueError``/``TypeError`` for iterations or every < 1, or a
    tolerance that is not positive.
    """
    count = whole_number(iterations, "iterations", 1)
    stride = whole_number(every, "every", 1)
    within = positive(tolerance, "tolerance")
    history = np.full(count, np.nan)
    done = 0
    last: Plans | None = None
    average: Plans | None = None
    disable = None if progress is None else not progress
    with tqdm(total=count, desc=method, disable=disable, delay=DELAY, leave=False) as bar:
        while done < count:
            iterate = next(steps)
            done += 1
            if done % stride and done < count:
                continue
            last = iterate.last
            average = None if iterate.average is None else iterate.average()
            chosen = last if answer == "last" or average is None else average
            history[done - 1] = judge(game, chosen, tau, references)
            if callback is not None:
                gaps = [np.nan if p is None else judge(game, p, tau, references) for p in (last, average)]
                callback(TreeSeen(done, last, gaps[0], average, gaps[1]))
            bar.update(done - bar.n)
            if history[done - 1] <= within:
                break
    assert last is not None
    chosen = last if answer == "last" or average is None else average
    return judged(
        game,
        chosen,
        method=method,
        tolerance=within,
        iterations=done,
        history=history[:done],
        tau=tau,
        references=references,
        reason=f"the gap was not within {within:g} after {done:,} iterations",
        last=last,
        average=average,
    )
