"""COMAL's 3 × 3 game (Liu et al. 2024, 2410.23223): who reaches the von Neumann winner of the original game.

b is preferred to a with .9, c to b with .9, a to c with .8: the winner is (4, 3, 4)/11. Multiplicative weights (SPO,
exact SPPO) circle outwards; regularised methods (INPO, Nash-MD, EGPO) stall at the gap of the regularised equilibrium;
COMAL, the proximal point that takes each equilibrium as the next reference, converges, as do others. Last iterates, and
the original gap for all.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from game_charts import curves
from reproduction import comal, percent, publish
from tables import aligned

from solvers.games.equilibrium import Equilibrium
from solvers.games.first_order.extragradient import extragradient
from solvers.games.first_order.loop import Seen
from solvers.games.first_order.mirror_descent import mirror_descent
from solvers.games.first_order.moving_magnet import moving_magnet
from solvers.games.first_order.multiplicative_weights import multiplicative_weights
from solvers.games.first_order.nash_md import nash_md
from solvers.games.first_order.optimistic_multiplicative_weights import optimistic_multiplicative_weights
from solvers.games.first_order.proximal_point import proximal_point
from solvers.games.game import exploitability
from solvers.games.payoffs import Array
from solvers.games.second_order.newton import regularised_equilibrium

TAU, STEP, ITERATIONS = 0.1, 0.3, 1000
START = np.array([0.2, 0.5, 0.3])  # for methods whose uniform start would hide what they do
STALL = 0.0245  # the gap of the τ-equilibrium with the uniform reference
WINNER = np.array([4, 3, 4]) / 11
HEADER = ("method", "reference, start", "iterations", "gap of the last iterate", "of the average", "last iterate", "")

Method = Callable[..., Equilibrium]


def gaps(method: Method, reference: Array, tau: float, iterations: int, **how: object) -> tuple[Array, Equilibrium]:
    """The original gap of each iterate, and the record."""
    game, seen = comal(), []

    def see(found: Seen) -> None:
        seen.append(exploitability(game, found.last))

    record = method(game, reference, tau, iterations, tolerance=1e-15, callback=see, progress=False, **how)
    return np.array(seen), record


def methods() -> dict[str, tuple[Method, float, int, dict[str, object]]]:
    """What is called, with which τ, how often."""
    return {
        "multiplicative weights": (multiplicative_weights, 0.0, ITERATIONS, {"step": STEP}),
        "INPO (mirror descent)": (mirror_descent, TAU, ITERATIONS, {"step": STEP}),
        "Nash-MD": (nash_md, TAU, ITERATIONS, {}),
        "EGPO (extragradient)": (extragradient, TAU, ITERATIONS, {}),
        "COMAL, steps": (proximal_point, TAU, 200, {}),
        "moving magnet": (moving_magnet, TAU, ITERATIONS, {}),
        "optimistic MW": (optimistic_multiplicative_weights, 0.0, ITERATIONS, {}),
    }


def document(quick: bool, chart: Path) -> tuple[list[str], bool]:
    uniform = np.full(3, 1 / 3)
    rows, panels = [], {}
    ends: dict[tuple[str, str], float] = {}
    for which, start in (("uniform", uniform), (percent(START), START)):
        lines = {}
        for name, (method, tau, iterations, how) in methods().items():
            seen, record = gaps(method, start, tau, iterations, **how)
            lines[name] = seen
            ends[which, name] = seen[-1]
            far = "reaches it" if seen[-1] <= 1e-6 else ("diverges" if seen[-1] > seen[0] else "stalls")
            average = "" if record.average is None else f"{exploitability(comal(), record.average):.1e}"
            last = percent(record.policy if record.last is None else record.last)
            rows.append((name, which, f"{len(seen):,}", f"{seen[-1]:.4g}", average, last, far))
        panels[f"start and reference {which}"] = lines
    curves(panels, chart, "original gap of the last iterate", log_x=True)
    stall = exploitability(comal(), regularised_equilibrium(comal(), None, TAU, progress=False).policy)
    regularised = [ends["uniform", name] for name in ("INPO (mirror descent)", "Nash-MD", "EGPO (extragradient)")]
    right = (
        max(abs(gap - stall) for gap in regularised) < 1e-4
        and abs(stall - STALL) < 5e-5
        and all(ends[which, "COMAL, steps"] <= 1e-6 for which, _ in ends)
        and all(ends[which, "multiplicative weights"] > 0.1 for which, _ in ends)
    )
    lines = [
        "# COMAL's 3 × 3 game: who reaches the original game's winner",
        "",
        "P: b is preferred to a with .9, c to b with .9, a to c with .8 (2410.23223); the winner is (4, 3, 4)/11:",
        f"{percent(WINNER)}. Original gaps. τ = {TAU:g}; multiplicative weights and INPO with step {STEP:g}, others",
        "with their own steps; an iteration of COMAL is a proximal step, solved by Newton's method.",
        "",
        *aligned(HEADER, rows, range(2, 5)),
        "",
        f"![Gaps]({chart.name})",
        "",
        f"The regularised equilibrium with the uniform reference has gap {stall:.4f}: there INPO, Nash-MD and EGPO",
        "stall." + (" Multiplicative weights diverge, COMAL converges: as published." if right else " DISAGREES."),
    ]
    return lines, right


if __name__ == "__main__":
    sys.exit(publish(__doc__, "comal", document))
