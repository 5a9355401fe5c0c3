"""The proximal-point method for the original game (convergent meta-alignment, COMAL).

    π⁺ = the equilibrium of the game regularised by τ KL(·‖π)

The last iterate converges to an equilibrium of the original game, for every τ > 0, where a fixed reference stalls at
the original gap of one regularised equilibrium: with π* any equilibrium, ``KL(π*‖π⁺) <= KL(π*‖π) - KL(π⁺‖π)``.
Source: Liu et al. 2024 (2410.23223, Algorithm 1 and Theorem 1); Rockafellar 1976.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import log_softmax

from solvers.games.divergences import log_divergence
from solvers.games.equilibrium import Equilibrium
from solvers.games.first_order.extragradient import log_policies, theory_step
from solvers.games.first_order.loop import Callback, Iterate, run
from solvers.games.game import PreferenceGame, positive, reference_of
from solvers.games.payoffs import Array
from solvers.games.second_order.newton import followed, stored

ENOUGH = 10_000  # steps of extragradient in a proximal step
FACTORISATIONS = 200  # Newton's, in a proximal step
RELATIVE = 1e-6  # KL(π‖best response) / KL(π‖reference) at which extragradient has solved one
ROUNDED = 1e-24  # KL(π‖best response) that is solved in any case: probabilities within some 1e-12 of themselves

Tell = Callable[[str], object]


def _unheard(_: str) -> None:
    """Of whom only the iterates are asked for."""


def proximal_point(
    game: PreferenceGame,
    reference: ArrayLike | None,
    tau: float,
    iterations: int,
    *,
    inner: Literal["newton", "extragradient"] = "newton",
    tolerance: float = 1e-9,
    every: int = 1,
    callback: Callback | None = None,
    progress: bool | None = None,
) -> Equilibrium:
    """The proximal-point method from the reference (``None``: uniform); the last iterate, by the ORIGINAL gap.

    tau: τ; the smaller, the fewer and the harder the steps. iterations: the number of proximal steps. inner: what
    solves them: Newton's method, to rounding, or adaptive extragradient, to an error small beside the step, at most
    10,000 of its iterations; what kept either from it is in the `reason`. tolerance: of the original gap. every,
    callback, progress: :func:`solvers.games.first_order.loop.run`. Raises ``ValueError``/``TypeError`` naming the
    argument, for τ = 0 and references with zero mass, too, and ``GameTooLarge`` where Newton's matrix does not fit.
    """
    mu = reference_of(reference, game)
    weight = positive(tau, "tau")
    if inner not in ("newton", "extragradient"):
        raise ValueError(f"inner: must be 'newton' or 'extragradient', got {inner!r}")
    chosen = newton_steps if inner == "newton" else extragradient_steps
    reasons: list[str] = []
    found = run(
        game,
        chosen(game, np.log(mu), weight, reasons.append),
        method=f"proximal point ({inner})",
        answer="last",
        iterations=iterations,
        tolerance=tolerance,
        reference=mu,
        every=every,
        callback=callback,
        progress=progress,
    )
    if found.converged or not reasons:
        return found
    return replace(found, reason=f"{found.reason}; {reasons[-1]}")


def newton_steps(game: PreferenceGame, start: Array, tau: float, tell: Tell = _unheard) -> Iterator[Iterate]:
    """The iterates from a log-policy; each is a reference of the next by its logarithm, which does not underflow.

    They end, and tell Newton's reason, with a step that stopped short of τ, or is lost in its own error.
    """
    payoffs = stored(game)
    z = start
    while True:
        with np.errstate(over="ignore", invalid="ignore"):
            point, _, reason = followed(payoffs, z, tau, 2 * tau * ROUNDED, FACTORISATIONS)
        yield Iterate(point.policy, None, point.gain)
        if reason and (point.t < 1 / tau or point.divergence >= log_divergence(point.z, z)):
            tell(f"in the last step Newton's method was not done: {reason}")
            return
        z = point.z


def extragradient_steps(game: PreferenceGame, start: Array, tau: float, tell: Tell = _unheard) -> Iterator[Iterate]:
    """The same with adaptive extragradient for each step; tells if one was cut off."""
    least = theory_step(game, tau)
    z, gain = start, start
    while True:
        magnet = z
        for z, gain in islice(log_policies(game, magnet, magnet, tau, least, True), ENOUGH):
            error = log_divergence(z, log_softmax(magnet + gain / tau))
            if error <= max(RELATIVE * log_divergence(z, magnet), ROUNDED):
                break
        else:
            tell(f"steps were cut off after {ENOUGH:,} iterations of extragradient; a larger tau makes them easier")
        yield Iterate(np.exp(z), None, gain)
