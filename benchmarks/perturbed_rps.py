"""Perturbed rock–paper–scissors, as magnetic mirror descent's paper has it (Sokota et al. 2023, 2206.05825).

A = [[0, -1, 3], [1, 0, -3], [-3, 3, 0]], whose equilibrium is (3, 3, 1)/7. With a fixed uniform magnet the last iterate
converges linearly to the regularised equilibrium (their Theorem 3.4: KL falls by 1/(1+ητ) a step if η <= τ/max|A|²);
with an annealed or a moving magnet to the equilibrium itself.
"""

from __future__ import annotations

import sys
from fractions import Fraction
from itertools import islice
from pathlib import Path

import numpy as np
from game_charts import curves
from reproduction import percent, perturbed_rock_paper_scissors, publish
from scipy.special import rel_entr
from tables import aligned

from solvers.games.exact.rational import exact_von_neumann_winner
from solvers.games.first_order import magnetic_mirror_descent, moving_magnet
from solvers.games.first_order.magnetic_mirror_descent import next_log_policy
from solvers.games.game import exploitability
from solvers.games.payoffs import Array
from solvers.games.second_order.newton import regularised_equilibrium

TAUS = (3.0, 1.0, 0.3)
LARGEST = 3.0  # max|A|
WINNER = (Fraction(3, 7), Fraction(3, 7), Fraction(1, 7))
HEADER = (
    "τ",
    "step τ/9",
    "regularised equilibrium",
    "original gap",
    "1/(1+ητ)",
    "largest KL ratio",
    "measured",
    "holds",
)


def divergences(tau: float, iterations: int) -> tuple[Array, Array]:
    """The regularised equilibrium, and KL(π*‖π_t) for t = 0, 1, …."""
    game = perturbed_rock_paper_scissors()
    goal = regularised_equilibrium(game, None, tau, tolerance=1e-14, progress=False).policy
    start = np.log([0.8, 0.1, 0.1])
    steps = magnetic_mirror_descent.steps(game, start, np.log(np.full(3, 1 / 3)), tau, tau / LARGEST**2)
    policies = [np.exp(start), *(i.last for i in islice(steps, iterations))]
    return goal, np.array([rel_entr(goal, p).sum() for p in policies])


def annealed(iterations: int) -> Array:
    """Original gaps with ``τ_t = t^(-1/4)`` and ``η_t = τ_t/max|A|²``, the magnet uniform."""
    game = perturbed_rock_paper_scissors()
    magnet = np.log(np.full(3, 1 / 3))
    z = np.log([0.8, 0.1, 0.1])
    gaps = []
    for t in range(1, iterations + 1):
        tau = t**-0.25
        z = next_log_policy(z, game.advantages(np.exp(z)), magnet, tau, tau / LARGEST**2)
        gaps.append(exploitability(game, np.exp(z)))
    return np.array(gaps)


def document(quick: bool, chart: Path) -> tuple[list[str], bool]:
    game = perturbed_rock_paper_scissors()
    exact = exact_von_neumann_winner(game)
    right = exact.policy == WINNER and exact.unique
    rows, lines = [], {}
    for tau in TAUS:
        goal, found = divergences(tau, 2000)
        lines[f"τ = {tau:g}"] = found[1:]
        above = found > 1e-11  # beneath, rounding and the error of the equilibrium itself
        inside = above[1:] & above[:-1]
        ratios = found[1:][inside] / found[:-1][inside]
        rate = 1 / (1 + tau**2 / LARGEST**2)
        holds = bool(ratios.max() <= rate + 1e-6)
        right = right and holds and found.min() < 1e-11
        gap = exploitability(game, goal)
        said = f"{tau / LARGEST**2:.4g}", percent(goal), f"{gap:.4f}", f"{rate:.4f}", f"{ratios.max():.4f}"
        rows.append((f"{tau:g}", *said, f"{ratios[-1]:.4f}", "yes" if holds else "NO"))
    iterations = 2_000 if quick else 20_000
    start = np.log([0.8, 0.1, 0.1])
    moved = [exploitability(game, i.last) for i in islice(moving_magnet.steps(game, start, 1.0, 1 / 9, 25), iterations)]
    gaps = {"moving magnet, τ = 1, K = 25": np.array(moved), "annealed, τ = t^(-1/4)": annealed(iterations)}
    right = right and moved[-1] < 1e-9 and gaps["annealed, τ = t^(-1/4)"][-1] < 0.1
    curves({"fixed magnet: KL(π*_τ‖π_t), nats": lines, "original gap": gaps}, chart, "", log_x=True)
    page = [
        "# Perturbed rock–paper–scissors by magnetic mirror descent",
        "",
        f"2206.05825. The exact winner, certified: {', '.join(map(str, exact.policy))}, the only one.",
        "",
        "The magnet uniform and fixed, from (.8, .1, .1): KL(π*_τ‖π_t) falls by 1/(1+ητ) a step, Theorem 3.4 says.",
        "measured: the ratio at the end.",
        "",
        *aligned(HEADER, rows, range(3, 7)),
        "",
        f"Original gaps after {iterations:,} steps: moving magnet {max(moved[-1], 0):.0e}, annealed (τ = t^(-1/4)) "
        f"{gaps['annealed, τ = t^(-1/4)'][-1]:.1e}.",
        "",
        f"![Divergences and gaps]({chart.name})",
        "",
        "As published." if right else "DISAGREES.",
    ]
    return page, right


if __name__ == "__main__":
    sys.exit(publish(__doc__, "perturbed_rps", document))
