"""What the reproductions share: games, and a page that is printed and written."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from tables import RESULTS, machine

from prefcore.certificates import write_atomically
from solvers.games.game import PreferenceGame, skew_game
from solvers.games.payoffs import Array

DICE = [["1/2", "5/9", "4/9"], ["4/9", "1/2", "5/9"], ["5/9", "4/9", "1/2"]]
COMAL = [["1/2", "1/10", "8/10"], ["9/10", "1/2", "1/10"], ["2/10", "9/10", "1/2"]]  # b ≻ a .9, c ≻ b .9, a ≻ c .8
PERTURBED = [[0, -1, 3], [1, 0, -3], [-3, 3, 0]]


def dice() -> PreferenceGame:
    """{2, 4, 9}, {1, 6, 8}, {3, 5, 7}: each beats the next with probability 5/9."""
    return PreferenceGame(DICE)


def comal() -> PreferenceGame:
    """The 3 × 3 game of Liu et al. 2024 (COMAL, 2410.23223); its von Neumann winner is (4, 3, 4)/11."""
    return PreferenceGame(COMAL)


def perturbed_rock_paper_scissors() -> PreferenceGame:
    """Of Sokota et al. 2023 (magnetic mirror descent, 2206.05825); its equilibrium is (3, 3, 1)/7."""
    return skew_game(PERTURBED)


def normal_softmax(size: int, generator: np.random.Generator) -> Array:
    """The softmax of a standard normal, as EGPO's references [2503.08942]."""
    weights = np.exp(generator.standard_normal(size))
    return np.asarray(weights / weights.sum())


def percent(policy: Array) -> str:
    return "(" + ", ".join(f"{100 * p:.2f}" for p in policy) + ") %"


def publish(
    description: str | None, name: str, document: Callable[[bool, Path], tuple[list[str], bool]], *packages: str
) -> int:
    """Makes the page, prints it and writes ``results/<name>.md``; 0 if it agrees with what was published.

    document: takes whether to be quick and where a chart goes, returns the lines and whether all agrees.
    """
    parser = argparse.ArgumentParser(description=(description or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, default=RESULTS / f"{name}.md", help="the Markdown file to write")
    parser.add_argument("--quick", action="store_true", help="a small part, in seconds")
    options = parser.parse_args()
    start = time.monotonic()
    lines, right = document(options.quick, options.out.with_suffix(".svg"))
    page = "\n".join([*lines, "", machine("numpy", "scipy", *packages), ""])
    print(page, end="")
    print(f"{time.monotonic() - start:.0f} s in all", file=sys.stderr)
    write_atomically(options.out, page)
    return int(not right)
