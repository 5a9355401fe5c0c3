"""Two examples of NLHF (Munos et al. 2024, 2312.00886), exactly: three types of people, and constrained policies.

Three types (section 3.2): shares 1/3 - ε, 1/3 + ε/2 and 1/3 + ε/2 of the people prefer y2 to y1, y1 to y3 and y3 to y2,
and tie otherwise. The best response to a reward jumps with ε; the von Neumann winner moves continuously.

Constrained policies (appendix): with rewards R = (0, log 9, log 2) of a Bradley–Terry model and policies that must have
π(y1) = 2 π(y2), the policy of highest expected reward, (2/3, 1/3, 0), loses to (0, 0, 1).
"""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
from reproduction import publish
from tables import aligned

from solvers.games.exact.rational import exact_von_neumann_winner
from solvers.games.game import PreferenceGame, exact_exploitability
from solvers.games.saddle.constrained_winner import constrained_winner
from solvers.games.saddle.polytope import Polytope
from solvers.games.second_order.winner import von_neumann_winner
from solvers.rewards.pairwise.strengths import bradley_terry

EPSILONS = tuple(Fraction(n, 100) for n in (-30, -10, -1, 0, 1, 10, 30))
THIRD, HALF = Fraction(1, 3), Fraction(1, 2)
Policy = tuple[Fraction, ...]


def three_types(epsilon: Fraction) -> PreferenceGame:
    """The share that prefers, and half of the others."""

    def won(share: Fraction) -> Fraction:
        return HALF + share / 2

    y2_y1, y1_y3, y3_y2 = won(THIRD - epsilon), won(THIRD + epsilon / 2), won(THIRD + epsilon / 2)
    return PreferenceGame([[HALF, 1 - y2_y1, y1_y3], [y2_y1, HALF, 1 - y3_y2], [1 - y1_y3, y3_y2, HALF]])


def published(epsilon: Fraction) -> Policy:
    return THIRD + epsilon / 2, THIRD + epsilon / 2, THIRD - epsilon


def rewarded(game: PreferenceGame) -> list[int]:
    """The actions of the highest Bradley–Terry reward, from as many comparisons of each pair."""
    assert game.rationals is not None
    counts = np.array(
        [[float(a + HALF) if i != j else 0.0 for j, a in enumerate(row)] for i, row in enumerate(game.rationals)]
    )
    scores = bradley_terry(1000 * counts).scores
    return [i for i, s in enumerate(scores) if s >= scores.max() - 1e-6]


def bradley_terry_game() -> PreferenceGame:
    """``P = e^R / (e^R + e^R')`` for R = (0, log 9, log 2)."""
    odds = [Fraction(1), Fraction(9), Fraction(2)]
    return PreferenceGame([[a / (a + b) for b in odds] for a in odds])


def wins(game: PreferenceGame, first: Policy, second: Policy) -> Fraction:
    """``πᵀ P ν``."""
    assert game.rationals is not None
    return HALF + sum(
        (p * a * q for p, row in zip(first, game.rationals, strict=True) for a, q in zip(row, second, strict=True)),
        Fraction(0),
    )


def said(policy: Policy) -> str:
    return "(" + ", ".join(str(p) for p in policy) + ")"


def document(quick: bool, chart: Path) -> tuple[list[str], bool]:
    rows, right = [], True
    for epsilon in EPSILONS:
        game = three_types(epsilon)
        exact = exact_von_neumann_winner(game)
        off = np.abs(von_neumann_winner(game, 1e-12).policy - np.array(published(epsilon), float)).max()
        agrees = exact.policy == published(epsilon) and exact.unique and off < 1e-9
        agrees = agrees and exact_exploitability(game, published(epsilon)) == 0
        right = right and agrees
        best = rewarded(game)
        point = tuple(Fraction(int(i == best[0])) for i in range(3))
        loses = exact_exploitability(game, point)
        names = "a tie of all" if len(best) == 3 else " or ".join(f"y{i + 1}" for i in best)
        rows.append((str(epsilon), said(exact.policy), "yes" if agrees else "NO", f"{off:.0e}", names, str(loses)))
    header = ("ε", "von Neumann winner", "as published", "float differs by", "highest reward", "its gap")

    game = bradley_terry_game()
    elo, other = (Fraction(2, 3), Fraction(1, 3), Fraction(0)), (Fraction(0), Fraction(0), Fraction(1))
    chance = wins(game, elo, other)
    polytope = Polytope(3, E=[[1, -2, 0]], f=[0])
    found = constrained_winner(game, polytope)
    rewards = np.log([1.0, 9.0, 2.0])
    elos = float(np.array(elo, float) @ rewards), float(rewards[2])
    free = exact_von_neumann_winner(game)
    right = (
        right
        and chance == Fraction(49, 99)
        and elos[0] > elos[1]
        and np.abs(found.policy - [0, 0, 1]).max() < 1e-9
        and free.policy == (0, 1, 0)
    )
    lines = [
        "# NLHF's examples, exactly",
        "",
        "## Three types of people (2312.00886, section 3.2)",
        "",
        "Published: the winner is (1/3 + ε/2, 1/3 + ε/2, 1/3 - ε). Ours: exact, certified by the kernel, the only one.",
        "highest reward: of Bradley–Terry fitted to all pairs alike; gap: `2 max_y (Aπ)_y` of always giving it.",
        "",
        *aligned(header, rows, range(3, 4)),
        "",
        "## Policies with π(y1) = 2 π(y2), R = (0, log 9, log 2)",
        "",
        f"* Of highest expected reward: (2/3, 1/3, 0), {elos[0]:.4f} against {elos[1]:.4f} of (0, 0, 1).",
        f"* It is preferred to (0, 0, 1) with probability {chance} (published: 49/99): it loses.",
        f"* `constrained_winner`: {np.round(found.policy, 12).tolist()}, gap over these policies {found.gap:.0e}.",
        "* Without the constraint the winner is (0, 1, 0), which has the highest reward, too.",
        "",
        "All as published." if right else "DISAGREES.",
    ]
    return lines, right


if __name__ == "__main__":
    sys.exit(publish(__doc__, "nlhf_examples", document, "python-flint"))
