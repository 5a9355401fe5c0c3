"""The rest of ``games.py``: equilibria in fractions, and regularised ones, against gambit's; one thread."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np
from clock import ENOUGH, several, shown, threads
from game_methods import drawn
from tables import START, aligned, process

from solvers.games.game import PreferenceGame, exact_exploitability, exploitability, skew_game

EXACT = ((10, 10), (20, 10), (50, 10), (50, 100), (50, 1))  # actions, and the denominator of the probabilities
REGULARISED = ((10, 0.1), (50, 0.1), (50, 0.01), (200, 0.1), (200, 0.01), (200, 0.001), (1001, 0.01), (1001, 0.001))


def exact_by_us(rows: list[list[Any]]) -> Any:
    """Seconds are of the search with its certificate; the game of fractions is made before."""
    from solvers.games.exact.rational import exact_von_neumann_winner

    game = skew_game(rows)
    return lambda: exact_von_neumann_winner(game).policy


def exact_by_gambit(rows: list[list[Any]]) -> Any:
    import pygambit

    A = np.array(rows, dtype=object)
    taken = pygambit.Game.from_arrays(A, -A)
    strategies = list(next(iter(taken.players)).strategies)

    def solve() -> Any:
        profile = pygambit.nash.lp_solve(taken, rational=True).equilibria[0]
        return [profile[s] for s in strategies]

    return solve


def regularised_by_us(game: PreferenceGame, tau: float) -> Any:
    from solvers.games.second_order.newton import regularised_equilibrium

    def solve() -> Any:
        found = regularised_equilibrium(game, None, tau, tolerance=1e-12, progress=False)
        return found.policy, found.iterations

    return solve


def regularised_by_gambit(game: PreferenceGame, tau: float) -> Any:
    """The logit equilibrium with λ = 1/τ is that of the game regularised to the uniform policy."""
    import pygambit

    A = game.matrix
    taken = pygambit.Game.from_arrays(A, -A)
    strategies = list(next(iter(taken.players)).strategies)

    def solve() -> Any:
        profile = pygambit.qre.logit_solve_lambda(taken, [1 / tau])[-1].profile
        return np.array([float(profile[s]) for s in strategies]), 0

    return solve


def fractions_drawn(size: int, denominator: int) -> list[list[Fraction]]:
    """A with P uniform on the multiples of 1 / denominator; 1: a tournament."""
    generator = np.random.default_rng([size, denominator])
    P = generator.integers(0, denominator + 1, (size, size))
    half = Fraction(1, 2)

    def entry(i: int, j: int) -> Fraction:
        if i == j:
            return Fraction(0)
        return Fraction(int(P[i, j]), denominator) - half if i < j else half - Fraction(int(P[j, i]), denominator)

    return [[entry(i, j) for j in range(size)] for i in range(size)]


def exactly(connection: Any, ours: bool, size: int, denominator: int) -> None:
    """Sends "ready" and (seconds, gap, digits)."""
    (exact_by_us if ours else exact_by_gambit)(fractions_drawn(3, 10))()  # loads
    rows = fractions_drawn(size, denominator)
    solve = (exact_by_us if ours else exact_by_gambit)(rows)
    connection.send("ready")
    seconds, policy = several(solve)
    exact = [Fraction(int(p.numerator), int(p.denominator)) for p in policy]
    connection.send(
        (seconds, exact_exploitability(skew_game(rows), exact), len(str(max(p.denominator for p in exact))))
    )


def softly(connection: Any, ours: bool, size: int, tau: float) -> None:
    """Sends "ready" and (seconds, the gap, factorisations)."""
    prepare = regularised_by_us if ours else regularised_by_gambit
    prepare(drawn("uniform", 5), 0.1)()
    game = drawn("uniform", size)
    solve = prepare(game, tau)
    connection.send("ready")
    seconds, (policy, count) = several(solve)
    given = policy / policy.sum()
    gap = exploitability(game, given, reference=np.full(size, 1 / size), tau=tau)
    connection.send((seconds, gap, count))


def pairs(target: Callable[..., None], cases: Iterable[tuple[Any, ...]], limit: float) -> Iterator[tuple[Any, ...]]:
    """For each case what ours gave, and the peer; None if it was killed."""
    for case in cases:
        results = []
        for ours in (True, False):
            with threads(1), process(target, ours, *case) as message:
                if message(time.monotonic() + START) != "ready":
                    raise RuntimeError(f"{target.__name__} did not start on {case}")
                results.append(message(time.monotonic() + limit + ENOUGH))
        print(target.__name__, case, *results, file=sys.stderr, flush=True)
        yield case, *results


def exact_table(cases: Iterable[tuple[int, int]], limit: float) -> list[str]:
    rows = []
    for (size, denominator), ours, theirs in pairs(exactly, cases, limit):
        assert ours is not None and ours[1] == 0, "our exact winner is none"
        ratio = theirs[0] / ours[0] if theirs else limit / ours[0]
        peer = (
            shown(theirs[0]) + ("" if theirs[1] == 0 else f" (gap {float(theirs[1]):.0e})")
            if theirs
            else f"> {1000 * limit:,.0f}"
        )
        rows.append(
            (f"{size}", f"{denominator}", f"{ours[2]}", shown(ours[0]), peer, f"{'' if theirs else '> '}{ratio:.3g}")
        )
    header = ("N", "P in units of 1 /", "digits", "ours ms", "gambit ms", "gambit / ours")
    return aligned(header, rows, range(len(header)))


def regularised_table(cases: Iterable[tuple[int, float]], limit: float) -> tuple[list[str], int, float]:
    rows, most, worst = [], 0, 0.0
    for (size, tau), ours, theirs in pairs(softly, cases, limit):
        assert ours is not None, f"no regularised equilibrium of {size} actions within {limit} s"
        most, worst = max(most, ours[2]), max(worst, ours[1])
        peer = (shown(theirs[0]), f"{theirs[1]:.0e}") if theirs else (f"> {1000 * limit:,.0f}", "")
        ratio = f"{theirs[0] / ours[0]:.3g}" if theirs else f"> {limit / ours[0]:.3g}"
        rows.append((f"{size:,}", f"{tau:g}", shown(ours[0]), f"{ours[1]:.0e}", f"{ours[2]}", *peer, ratio))
    header = ("N", "τ = 1/λ", "ours ms", "gap", "factorisations", "gambit ms", "gap", "gambit / ours")
    return aligned(header, rows, range(len(header))), most, worst
