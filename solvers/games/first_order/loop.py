"""The loop around an algorithm: it judges each iterate, tells the caller, and stops at the tolerance or the limit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from tqdm import tqdm

from solvers.arguments import whole_number
from solvers.games.equilibrium import Equilibrium
from solvers.games.game import PreferenceGame, positive, regularised_gap
from solvers.games.payoffs import Array

DELAY = 2.0  # seconds before a progress bar shows


@dataclass(frozen=True, slots=True, eq=False)
class Iterate:
    """What an algorithm has after one more iteration.

    last: its policy π. average: the average that its guarantee is about, if any. last_gain, average_gain: A times
    them, where the algorithm knows it, so that the judge need not compute it again.
    """

    last: Array
    average: Array | None = None
    last_gain: Array | None = None
    average_gain: Array | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What a callback is told after each iteration that was judged."""

    iteration: int
    last: Array
    last_gap: float
    average: Array | None
    average_gap: float


Callback = Callable[[Seen], object]


def run(
    game: PreferenceGame,
    steps: Iterator[Iterate],
    *,
    method: str,
    answer: Literal["last", "average"],
    iterations: int,
    tolerance: float,
    reference: Array | None = None,
    tau: float = 0.0,
    every: int = 1,
    callback: Callback | None = None,
    progress: bool | None = None,
) -> Equilibrium:
    """Takes up to `iterations` from `steps`; stops when the gap of the answer is within `tolerance`.

    answer: which policy the method's guarantee is about. reference and tau > 0: the gap is the regularised one. every:
    judge each so many iterations, and the last. callback: called with each :class:`Seen`. progress: a bar on standard
    error that shows after two seconds; ``None``: on a terminal only. Raises ``ValueError``/``TypeError`` for
    iterations or every < 1, or a tolerance that is not positive.
    """
    count = whole_number(iterations, "iterations", 1)
    stride = whole_number(every, "every", 1)
    within = positive(tolerance, "tolerance")

    def gap_of(policy: Array, gain: Array | None) -> float:
        advantages = game.advantages(policy) if gain is None else gain
        if tau and reference is not None:
            return regularised_gap(advantages, policy, reference, tau)
        return float(2 * advantages.max())

    last_gaps, average_gaps = np.full(count, np.nan), np.full(count, np.nan)
    done = 0
    iterate = None
    disable = None if progress is None else not progress
    with tqdm(total=count, desc=method, disable=disable, delay=DELAY, leave=False) as bar:
        while done < count:
            iterate = next(steps)
            done += 1
            if done % stride and done < count:
                continue
            last_gaps[done - 1] = gap_of(iterate.last, iterate.last_gain)
            if iterate.average is not None:
                average_gaps[done - 1] = gap_of(iterate.average, iterate.average_gain)
            if callback is not None:
                callback(Seen(done, iterate.last, last_gaps[done - 1], iterate.average, average_gaps[done - 1]))
            bar.update(done - bar.n)
            if (last_gaps if answer == "last" else average_gaps)[done - 1] <= within:
                break
    assert iterate is not None
    # THE JUDGE has the last word: gaps again, from the policies alone.
    last_gap = gap_of(iterate.last, None)
    average_gap = np.nan if iterate.average is None else gap_of(iterate.average, None)
    policy, gap = (iterate.last, last_gap) if answer == "last" else (iterate.average, average_gap)
    assert policy is not None
    converged = gap <= within
    histories = last_gaps[:done], average_gaps[:done]
    return Equilibrium(
        policy=policy,
        gap=gap,
        converged=converged,
        iterations=done,
        method=method,
        tolerance=within,
        history=histories[0] if answer == "last" else histories[1],
        tau=tau,
        reference=reference,
        reason="" if converged else f"the gap was not within {within:g} after {done:,} iterations",
        last=iterate.last,
        last_gap=last_gap,
        average=iterate.average,
        average_gap=average_gap,
        average_history=None if iterate.average is None else histories[1],
    )
