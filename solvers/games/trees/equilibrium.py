"""What a solver of a tree game returns, and the loop around those that iterate."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from tqdm import tqdm

from solvers.arguments import whole_number
from solvers.games.first_order.loop import DELAY
from solvers.games.game import positive
from solvers.games.payoffs import Array
from solvers.games.trees.judge import gap_of, pair_gap, regularised_tree_gap
from solvers.games.trees.tree_game import TreeGame
from solvers.games.trees.treeplex import behaviour_of, policy_at, read_policy

Plans = tuple[Array, Array]


@dataclass(frozen=True, slots=True, eq=False)
class TreeEquilibrium:
    """A pair of policies and their certified gap, as :class:`solvers.games.Equilibrium` is for matrices.

    plans: the realisation plans (S₁,) and (S₂,), the same array twice in a symmetric game that one policy plays. gap:
    of `plans`, recomputed from them by THE JUDGE (regularised if `tau` is not 0). value: the first player's payoff.
    converged: gap <= tolerance; if not, `reason` says what stopped the run, and the policies are no answer, only the
    newest that were judged. history: the gap after each iteration, of what `plans` is (NaN where the method did not
    look). last and average: the iterates and their gaps, where the method has them; average_history: the gaps of
    averages. references: behaviours (S,).
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
    average_history: Array | None = None

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
    """What a callback is told after each iteration that was judged; its plans are read-only."""

    iteration: int
    last: Plans
    last_gap: float
    average: Plans | None
    average_gap: float


TreeCallback = Callable[[TreeSeen], object]


@dataclass(frozen=True, slots=True, eq=False)
class TreeIterate:
    """The plans after one more iteration, and a function that makes the average, which then is the answer."""

    last: Plans
    average: Callable[[], Plans] | None = None


def judged(
    game: TreeGame,
    plans: Plans,
    *,
    method: str,
    tolerance: float,
    iterations: int,
    history: Array | None = None,
    tau: float = 0.0,
    references: Plans | None = None,
    reason: str = "",
    last: Plans | None = None,
    average: Plans | None = None,
) -> TreeEquilibrium:
    """The record of a run, all plans checked and their gaps computed anew.

    history: ``None`` where only the answer was judged. reason: counts where its gap is beyond the tolerance.
    """

    def checked(policies: Plans) -> float:
        first = read_policy(game.players[0], policies[0], "plans[0]")
        second = first if policies[0] is policies[1] else read_policy(game.players[1], policies[1], "plans[1]")
        return pair_gap(game, (first, second), references if tau else None, tau)

    gap = checked(plans)
    history = np.array([gap]) if history is None else history
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
        last_gap=np.nan if last is None else checked(last),
        average=average,
        average_gap=np.nan if average is None else checked(average),
        average_history=None if average is None else history,
    )


def quick_gap(game: TreeGame, plans: Plans, tau: float, references: Plans | None) -> float:
    """The gap of plans that an algorithm made, without THE JUDGE's checks; NaN of plans that are not finite."""
    if not (np.isfinite(plans[0]).all() and np.isfinite(plans[1]).all()):
        return np.nan
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
    iterations: int,
    tolerance: float,
    tau: float = 0.0,
    references: Plans | None = None,
    every: int = 1,
    callback: TreeCallback | None = None,
    progress: bool | None = None,
) -> TreeEquilibrium:
    """Takes up to `iterations` from `steps`; stops when the gap of the answer, looked at each `every`, is small enough.

    The answer is the average where the algorithm makes one, else the last iterate. callback, progress: as for matrices
    (:func:`solvers.games.first_order.loop.run`). Iterates that are no longer finite end the run at the ones judged
    before, ``FloatingPointError`` if there are none. Raises ``ValueError``/``TypeError`` for iterations or every < 1, a
    tolerance that is not positive, or a callback that is none.
    """
    count = whole_number(iterations, "iterations", 1)
    stride = whole_number(every, "every", 1)
    within = positive(tolerance, "tolerance")
    if callback is not None and not callable(callback):
        raise TypeError(f"callback: must be callable, got {callback!r}")
    history = array("d")  # as long as the run, not as its limit
    done, reason = 0, ""
    kept: tuple[Plans, Plans | None] | None = None  # the last and the average that were judged
    disable = None if progress is None else not progress
    with tqdm(total=count, desc=method, disable=disable, delay=DELAY, leave=False) as bar:
        while done < count:
            with np.errstate(over="ignore", invalid="ignore"):  # what overflows is not finite, which is looked for
                iterate = next(steps)
                done += 1
                if done % stride and done < count:
                    continue
                last, average = iterate.last, None if iterate.average is None else iterate.average()
                gap = quick_gap(game, last if average is None else average, tau, references)
                if average is not None and not all(np.isfinite(plan).all() for plan in last):
                    gap = np.nan
            history.extend([*[np.nan] * (done - 1 - len(history)), gap])
            if callback is not None:
                if average is None:
                    callback(TreeSeen(done, _shown(last), gap, None, np.nan))
                else:
                    callback(TreeSeen(done, _shown(last), quick_gap(game, last, tau, references), _shown(average), gap))
            if not np.isfinite(gap):
                reason = f"the iterates were no longer finite after {done:,} iterations; take smaller steps"
                break
            kept = last, average
            bar.update(done - bar.n)
            if gap <= within:
                break
    if kept is None:
        raise FloatingPointError(f"{method}: the first iterate is not finite; the payoffs or steps are too large")
    last, average = kept
    return judged(
        game,
        last if average is None else average,
        method=method,
        tolerance=within,
        iterations=done,
        history=np.array(history),
        tau=tau,
        references=references,
        reason=reason or f"the gap was not within {within:g} after {done:,} iterations",
        last=last,
        average=average,
    )


def _shown(plans: Plans) -> Plans:
    """The plans for others to read: writing to them would change the run."""
    views = [plan.view() for plan in plans]
    for view in views:
        view.setflags(write=False)
    return (views[0], views[0]) if plans[0] is plans[1] else (views[0], views[1])
