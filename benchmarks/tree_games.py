"""Kuhn and Leduc poker: CFR⁺ and sequence-form linear programs, ours against OpenSpiel's and LiteEFG's.

Exploitability is OpenSpiel's (C++) for all, ours included: half of the sum of what the two best responses gain. Each
method runs in a process of its own, with one thread. An iterative one is judged after 1, 2, …, each time 10 % more
iterations, ours every 10; the judge's time is not counted. LiteEFG is optional, as it brings half a gigabyte (extra
``bench-trees``).
"""

from __future__ import annotations

import argparse
import io
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from clock import several, shown, threads
from tables import RESULTS, START, aligned, machine, process

from prefcore.certificates import write_atomically

TABLE = RESULTS / "tree_games.md"
GAMES = ("kuhn_poker", "leduc_poker")
TARGETS = (1e-3, 1e-4)
LIMIT = 90.0  # seconds of iterations
HEADER = (
    "game",
    "method",
    "set-up ms",
    "ms an iteration",
    *(f"to {t:.0e}: iterations, ms" for t in TARGETS),
    "reached",
)


@dataclass(frozen=True, slots=True)
class Run:
    """Seconds to set up and for an iteration; for each target (iterations, seconds), if reached; exploitability."""

    set_up: float
    iteration: float
    reached: tuple[tuple[int, float] | None, ...]
    best: float
    count: int


def judged(game: Any, policies: Any) -> float:
    """OpenSpiel's exploitability of information set -> action -> probability, for both players together."""
    import pyspiel

    return float(pyspiel.exploitability(game, pyspiel.TabularPolicy({k: list(v.items()) for k, v in policies.items()})))


# -- ours -----------------------------------------------------------------------------------------------------------


def _ours(name: str, limit: float, predictive: bool) -> Run:
    import pyspiel

    from solvers.games.trees.openspiel import from_openspiel
    from solvers.games.trees.regret_matching import counterfactual_regret_plus as cfr

    game = pyspiel.load_game(name)
    start = time.perf_counter()
    tree = from_openspiel(game)
    set_up = time.perf_counter() - start
    reached: list[tuple[int, float] | None] = []
    seconds, count, best = float("nan"), 1, float("inf")
    for target in TARGETS:
        # Our gap is the sum, not the half.
        found = cfr(tree, 10**6, predictive=predictive, tolerance=2 * target, every=10, progress=False)
        count = found.iterations
        how = {"predictive": predictive, "tolerance": 1e-15, "every": count, "progress": False}
        seconds, again = several(lambda n=count, how=how: cfr(tree, n, **how))
        first, second = again.policies
        best = judged(game, {**first, **second})
        reached.append((count, seconds) if best <= target else None)
    return Run(set_up, seconds / count, tuple(reached), best, count)


def _our_program(name: str, limit: float) -> Run:
    import pyspiel

    from solvers.games.trees.openspiel import from_openspiel
    from solvers.games.trees.sequence_program import sequence_form_program

    game = pyspiel.load_game(name)
    start = time.perf_counter()
    tree = from_openspiel(game)
    set_up = time.perf_counter() - start
    seconds, found = several(lambda: sequence_form_program(tree))
    first, second = found.policies
    best = judged(game, {**first, **second})
    return Run(set_up, float("nan"), tuple((1, seconds) if best <= t else None for t in TARGETS), best, 1)


# -- peers ----------------------------------------------------------------------------------------------------------


def _iterated(iterate: Callable[[], Any], judge: Callable[[], float], set_up: float, limit: float) -> Run:
    """Judges after ever more iterations, until the last target is reached or the time is up."""
    reached: list[tuple[int, float] | None] = []
    done, seconds, best = 0, 0.0, float("inf")
    until = 1
    while len(reached) < len(TARGETS) and seconds < limit:
        start = time.perf_counter()
        while done < until and seconds + time.perf_counter() - start < limit:
            iterate()
            done += 1
        seconds += time.perf_counter() - start
        best = judge()
        while len(reached) < len(TARGETS) and best <= TARGETS[len(reached)]:
            reached.append((done, seconds))
        until = max(until + 1, round(1.1 * until))
    missing = [None] * (len(TARGETS) - len(reached))
    return Run(set_up, seconds / done, (*reached, *missing), best, done)


def _spiel_cpp(name: str, limit: float) -> Run:
    import pyspiel

    game = pyspiel.load_game(name)
    start = time.perf_counter()
    solver = pyspiel.CFRPlusSolver(game)
    set_up = time.perf_counter() - start

    def judge() -> float:
        return float(pyspiel.exploitability(game, solver.average_policy()))

    return _iterated(solver.evaluate_and_update_policy, judge, set_up, limit)


def _spiel_python(name: str, limit: float) -> Run:
    import pyspiel
    from open_spiel.python import policy
    from open_spiel.python.algorithms import cfr

    game = pyspiel.load_game(name)
    start = time.perf_counter()
    solver = cfr.CFRPlusSolver(game)
    set_up = time.perf_counter() - start

    def judge() -> float:
        average = policy.python_policy_to_pyspiel_policy(solver.average_policy())
        return float(pyspiel.exploitability(game, average))

    return _iterated(solver.evaluate_and_update_policy, judge, set_up, limit)


def _lite(name: str, limit: float, graph: str) -> Run:
    from importlib import import_module

    import LiteEFG
    import pyspiel
    from open_spiel.python import policy

    game = pyspiel.load_game(name)
    start = time.perf_counter()
    with redirect_stdout(io.StringIO()):
        environment = LiteEFG.OpenSpielEnv(game, traverse_type="Enumerate", regenerate=True)
        made = import_module(f"LiteEFG.baselines.{graph}").graph()
    environment.set_graph(made)
    set_up = time.perf_counter() - start

    def iterate() -> None:
        made.update_graph(environment)
        environment.update_strategy(made.current_strategy())

    def judge() -> float:
        found, _ = environment.get_strategy(made.current_strategy(), "linear-avg-iterate")
        return float(pyspiel.exploitability(game, policy.python_policy_to_pyspiel_policy(found)))

    return _iterated(iterate, judge, set_up, limit)


def _spiel_program(name: str, limit: float) -> Run:
    import pyspiel
    from open_spiel.python import policy
    from open_spiel.python.algorithms import sequence_form_lp

    game = pyspiel.load_game(name)
    seconds, (_, _, first, second) = several(lambda: sequence_form_lp.solve_zero_sum_game(game))
    joint = policy.TabularPolicy(game)
    for player, found in enumerate((first, second)):
        for key, row in joint.state_lookup.items():
            if key in joint.states_per_player[player]:
                joint.action_probability_array[row] = found.action_probability_array[row]
    best = float(pyspiel.exploitability(game, policy.python_policy_to_pyspiel_policy(joint)))
    return Run(float("nan"), float("nan"), tuple((1, seconds) if best <= t else None for t in TARGETS), best, 1)


METHODS: dict[str, tuple[str, Callable[..., Run], tuple[Any, ...]]] = {
    "ours, CFR⁺": ("pyspiel", _ours, (False,)),
    "ours, predictive CFR⁺": ("pyspiel", _ours, (True,)),
    "OpenSpiel C++, CFR⁺": ("pyspiel", _spiel_cpp, ()),
    "OpenSpiel Python, CFR⁺": ("pyspiel", _spiel_python, ()),
    "LiteEFG, CFR⁺": ("LiteEFG", _lite, ("CFRplus",)),
    "LiteEFG, predictive CFR": ("LiteEFG", _lite, ("PCFR",)),
    "ours, linear program": ("pyspiel", _our_program, ()),
    "OpenSpiel, linear program": ("ecos", _spiel_program, ()),
}


def measure(connection: Any, method: str, name: str, limit: float) -> None:
    """Sends "ready" and the run."""
    _, run, arguments = METHODS[method]
    with redirect_stdout(io.StringIO()):
        run("kuhn_poker", 0.1, *arguments)  # loads
    connection.send("ready")
    connection.send(run(name, limit, *arguments))


def row_of(name: str, method: str, run: Run | None, limit: float) -> tuple[str, ...]:
    if run is None:
        return name, method, "", "", *[f"> {1000 * limit:,.0f}"] * len(TARGETS), ""
    cells = []
    for target in run.reached:
        if target is None:
            cells.append(f"not within {run.count:,}")
        elif run.iteration != run.iteration:
            cells.append(shown(target[1]))
        else:
            cells.append(f"{target[0]:,}, {shown(target[1])}")
    known = ["" if x != x else shown(x) for x in (run.set_up, run.iteration)]
    return name, method, *known, *cells, f"{run.best:.1e}"


def ratios(runs: dict[tuple[str, str], Run | None], limit: float) -> list[str]:
    """How much longer each peer takes than ours of the same kind."""
    lines = []
    for (name, method), run in runs.items():
        if method.startswith("ours"):
            continue
        ours = runs[name, "ours, linear program" if "program" in method else "ours, CFR⁺"]
        said = []
        for k, target in enumerate(TARGETS):
            mine, theirs = ours and ours.reached[k], run and run.reached[k]
            if mine:
                ratio = (theirs[1] if theirs else limit) / mine[1]
                said.append(f"{'' if theirs else '> '}{ratio:.3g} at {target:.0e}")
        lines.append(f"* {name}, {method}: {', '.join(said)}")
    return lines


def document(games: list[str], names: list[str], limit: float) -> tuple[str, bool]:
    runs: dict[tuple[str, str], Run | None] = {}
    for name in games:
        for method in names:
            with threads(1), process(measure, method, name, limit) as message:
                if message(time.monotonic() + START) != "ready":
                    raise RuntimeError(f"{method} did not start")
                runs[name, method] = message(time.monotonic() + 20 * limit)  # the judges take their time
            print(name, method, runs[name, method], file=sys.stderr, flush=True)
    missing = [method for method, (package, *_) in METHODS.items() if not find_spec(package)]
    right = all(run and None not in run.reached for (_, method), run in runs.items() if method.startswith("ours"))
    page = "\n".join(
        [
            "# Kuhn and Leduc poker: ours against OpenSpiel's and LiteEFG's",
            "",
            "Milliseconds until the exploitability (half of what the two best responses gain, by OpenSpiel for all) is",
            f"within 1e-3 and 1e-4, one thread; ended after {limit:g} s of iterations. Ours: medians, and iterations",
            "to 10; peers': judged each time after 10 % more. The judge's time is not counted. set-up: making the",
            "tree. OpenSpiel's program makes it with each call, which is counted.",
            *([f"Not installed, so not run: {', '.join(missing)}."] if missing else []),
            "",
            *aligned(HEADER, [row_of(*key, run, limit) for key, run in runs.items()], range(2, len(HEADER))),
            "",
            "Times of the peers in terms of ours (CFR⁺ in terms of our CFR⁺):",
            "",
            *ratios(runs, limit),
            "",
            machine("numpy", "scipy", "open_spiel", *(["LiteEFG"] if find_spec("LiteEFG") else [])),
            "",
        ]
    )
    return page, right


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, default=TABLE, help="the Markdown file to write")
    parser.add_argument("--limit", type=float, default=LIMIT, help="seconds of iterations of one method")
    parser.add_argument("--quick", action="store_true", help="Kuhn poker alone, 5 seconds")
    options = parser.parse_args()
    games, limit = (list(GAMES[:1]), min(options.limit, 5.0)) if options.quick else (list(GAMES), options.limit)
    start = time.monotonic()
    names = [method for method, (package, *_) in METHODS.items() if find_spec(package)]
    page, right = document(games, names, limit)
    print(page, end="")
    print(f"{time.monotonic() - start:.0f} s in all", file=sys.stderr)
    write_atomically(options.out, page)
    return int(not right)


if __name__ == "__main__":
    sys.exit(main())
