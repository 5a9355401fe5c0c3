"""The loop around an algorithm: it judges each iterate, tells the caller, and stops at the tolerance or the limit."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from typing import Any, Literal, NamedTuple

import numpy as np
from tqdm import tqdm

from solvers.arguments import real_number, whole_number
from solvers.games.equilibrium import Equilibrium
from solvers.games.game import PreferenceGame, exploitability, positive, regularised_gap
from solvers.games.payoffs import Array

DELAY = 2.0  # seconds before a progress bar shows


class Iterate(NamedTuple):
    """What an algorithm has after one more iteration; it leaves the arrays that it hands over as they are.

    last: its policy π. average: the average that its guarantee is about, if any. last_gain, average_gain: A times
    them, where the algorithm knows it, so that the judge need not compute it again.
    """

    last: Array
    average: Array | None = None
    last_gain: Array | None = None
    average_gain: Array | None = None


class Seen(NamedTuple):
    """What a callback is told after each iteration that was judged; an average's gap is NaN if there is none."""

    iteration: int
    last: Array
    last_gap: float
    average: Array | None
    average_gap: float


Callback = Callable[[Seen], object]


def unregularised(tau: Any, method: str, instead: str) -> None:
    """Raises ``ValueError`` unless tau is 0: the method has no regularised form, `instead` is one that has."""
    if real_number(tau, "tau") != 0:
        raise ValueError(
            f"tau: {method} is a method of the original game, for which tau is 0, got {tau}; "
            f"{instead} solves the regularised one"
        )


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
    judge each so many iterations, and the last. callback: called with each :class:`Seen`; what it raises ends the run,
    as an interrupt does. progress: a bar on standard error that shows after two seconds; ``None``: on a terminal only.
    Iterates that are no longer finite end the run at the one judged before. Raises ``ValueError``/``TypeError`` for
    iterations or every < 1, or a tolerance that is not positive.
    """
    count = whole_number(iterations, "iterations", 1)
    stride = whole_number(every, "every", 1)
    within = positive(tolerance, "tolerance")
    if callback is not None and not callable(callback):
        raise TypeError(f"callback: must be callable, got {callback!r}")
    mu = reference if tau else None
    gap_of = _gap(game, mu, tau)
    last_gaps, average_gaps = array("d"), array("d")  # as long as the run, not as its limit

    def the_judge(policy: Array) -> float:
        return exploitability(game, policy, reference=mu, tau=None if mu is None else tau)

    def judged(iterate: Iterate, number: int) -> float:
        last_gap, average_gap = gap_of(iterate.last, iterate.last_gain), np.nan
        if iterate.average is not None:
            average_gap = gap_of(iterate.average, iterate.average_gain)
        if answer == "last" and last_gap <= within:  # gains that an algorithm adds up drift: look again before stopping
            last_gap = the_judge(iterate.last)
        if answer == "average" and average_gap <= within:
            average_gap = the_judge(_average(iterate))
        unseen = [np.nan] * (number - 1 - len(last_gaps))
        last_gaps.extend([*unseen, last_gap])
        average_gaps.extend([*unseen, average_gap])
        if callback is not None:
            average = None if iterate.average is None else _shown(iterate.average)
            callback(Seen(number, _shown(iterate.last), last_gap, average, average_gap))
        return last_gap if answer == "last" else average_gap

    kept: Iterate | None = None  # the last that was judged
    newest: Iterate | None = None
    done, reason = 0, ""
    disable = None if progress is None else not progress
    with tqdm(total=count, desc=method, disable=disable, delay=DELAY, leave=False) as bar:
        while done < count:
            following = next(steps, None)
            if following is None:
                reason = f"the method had nothing left to do after {done:,} iterations"
                if newest is not None and newest is not kept:
                    judged(newest, done)
                    kept = newest
                break
            newest = following
            done += 1
            if done % stride and done < count:
                continue
            gap = judged(newest, done)
            if not np.isfinite(gap):
                reason = f"the iterates were no longer finite after {done:,} iterations; take smaller steps"
                break
            kept = newest
            if not bar.disable:
                bar.update(done - bar.n)
            if gap <= within:
                break
    if kept is None:
        raise FloatingPointError(f"{method}: the first iterate is not finite; the payoffs or steps are too large")
    # THE JUDGE has the last word, from the policies alone.
    last_gap = the_judge(kept.last)
    average_gap = np.nan if kept.average is None else the_judge(kept.average)
    policy, gap = (kept.last, last_gap) if answer == "last" else (_average(kept), average_gap)
    converged = gap <= within
    histories = np.array(last_gaps), np.array(average_gaps)
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
        reason="" if converged else reason or f"the gap was not within {within:g} after {done:,} iterations",
        last=kept.last,
        last_gap=last_gap,
        average=kept.average,
        average_gap=average_gap,
        average_history=None if kept.average is None else histories[1],
    )


def _shown(policy: Array) -> Array:
    """The policy for others to read: writing to it would change the run."""
    view = policy.view()
    view.setflags(write=False)
    return view


def _average(iterate: Iterate) -> Array:
    if iterate.average is None:
        raise ValueError("steps: the answer is an average, but the algorithm gives none")
    return iterate.average


def _gap(game: PreferenceGame, reference: Array | None, tau: float) -> Callable[[Array, Array | None], float]:
    """The gap as THE JUDGE defines it, from gains that may be known, without its checks: it is taken each iteration."""
    if reference is None:

        def original(policy: Array, gain: Array | None) -> float:
            return 2 * float((game.advantages(policy) if gain is None else gain).max())

        return original

    def regularised(policy: Array, gain: Array | None) -> float:
        return regularised_gap(game.advantages(policy) if gain is None else gain, policy, reference, tau)

    return regularised
