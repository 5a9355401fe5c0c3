"""Von Neumann winners of matrix games: our solvers against the peers', with one thread and with two.

Every answer is judged in the same way: negative entries set to 0, divided by the sum, and ``2 max_y (Aπ)_y``. A peer
that misses the gap asked for is shown with the gap that it reached, and is no rival at it. Each method runs in a
process of its own, with the numbers of threads set before numpy is loaded; it has been called once before, on a small
game (numba compiles then). It is killed when a call takes longer than a limit, and is not tried on a larger game if
growth with the square of N alone would take it beyond; our default always is. Others that took more than two seconds
with one thread are not run again with two.

``--resume FILE`` keeps what is measured, one line each, and does not measure again what is there.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from clock import ENOUGH, several, shown, threads
from game_charts import growth
from game_exact import EXACT, REGULARISED, exact_table, regularised_table
from game_methods import KINDS, METHODS, PEERS, RANK, Method, drawn
from tables import RESULTS, START, aligned, machine, process

from prefcore.certificates import write_atomically
from solvers.games.game import PreferenceGame, exploitability

TABLE = RESULTS / "games.md"
SIZES = (10, 50, 101, 200, 1001, 2001, 5001)
GAPS = (1e-6, 1e-10)
LIMIT = 40.0  # seconds of one call
AGAIN = 2.0  # seconds up to which a peer is run with two threads, too


@dataclass(frozen=True, slots=True)
class Cell:
    """One measurement. seconds: NaN if there is none, and `said` says why. gap: the judge's, NaN without an answer."""

    threads: int
    method: str
    kind: str
    size: int
    asked: float
    seconds: float
    gap: float
    said: str = ""

    @property
    def key(self) -> tuple[Any, ...]:
        return astuple(self)[:5]

    @property
    def answers(self) -> bool:
        return self.gap <= self.asked and self.seconds == self.seconds


Cells = dict[tuple[Any, ...], Cell]


# -- one call, repeated ---------------------------------------------------------------------------------------------


def judged(game: PreferenceGame, policy: Any) -> float:
    given = np.maximum(np.asarray(policy, dtype=float), 0.0)
    return exploitability(game, given / given.sum())


def measure(connection: Any, name: str, asked: list[tuple[str, int, float]]) -> None:
    """Sends the seconds of the first call, and for each of what is asked "ready" and (seconds, gap, said)."""
    method = METHODS[name]
    start = time.perf_counter()
    method.prepare(drawn("uniform", 5))(1e-6)
    connection.send(time.perf_counter() - start)
    before: tuple[Any, ...] = ()
    for kind, size, gap in asked:
        if (kind, size) != before:
            game = drawn(kind, size)
            solve = method.prepare(game)
            before = kind, size
        connection.send("ready")
        try:
            seconds, policy = several(lambda solve=solve, gap=gap: solve(gap))
            connection.send((seconds, judged(game, policy), ""))
        except (ValueError, TypeError, ArithmeticError, RuntimeError, AttributeError) as failure:
            connection.send((float("nan"), float("nan"), f"{type(failure).__name__}: {failure}"))


# -- all cells ------------------------------------------------------------------------------------------------------


def cells_of(name: str, number: int, sizes: Iterable[int], limit: float, found: Cells) -> Iterator[Cell]:
    """Measures what is not yet in `found`, kind by kind, from the smallest game."""
    method = METHODS[name]
    for kind in method.kinds:
        gaps = [gap for gap in GAPS if gap >= method.least] if method.tolerant else [min(GAPS)]
        asked = [(kind, size, gap) for size in sizes if size <= method.largest for gap in gaps]
        todo, last = [], None
        for case in asked:
            cell = found.get((number, name, *case))
            if cell is not None:
                last = cell
            elif method.patient or number == 1 or _quick(found.get((1, name, *case))):
                todo.append(case)
        if not todo or _hopeless(method, last, todo[0][1], limit):
            continue
        with threads(number), process(measure, name, todo) as message:
            if message(time.monotonic() + START) is None:
                raise RuntimeError(f"{name} did not start")
            for _, size, gap in todo:
                if _hopeless(method, last, size, limit):
                    break
                if message(time.monotonic() + START) != "ready":
                    raise RuntimeError(f"{name} did not make its {kind} game of {size}")
                result = message(time.monotonic() + (5 * limit if method.patient else limit) + 2 * ENOUGH)
                if result is None:
                    yield Cell(number, name, kind, size, gap, float("nan"), float("nan"), f"> {1000 * limit:,.0f}")
                    break
                last = Cell(number, name, kind, size, gap, *result)
                yield last


def _hopeless(method: Method, last: Cell | None, size: int, limit: float) -> bool:
    """Whether growth with N² from the game before would take a method beyond the limit, or it was killed there."""
    return last is not None and not method.patient and not last.seconds * (size / last.size) ** 2 <= limit


def _quick(cell: Cell | None) -> bool:
    return cell is not None and cell.seconds <= AGAIN


def kept(path: Path | None) -> Cells:
    if path is None or not path.exists():
        return {}
    cells = (Cell(*json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines())
    return {cell.key: cell for cell in cells}


def measured(
    numbers: Iterable[int], sizes: Iterable[int], names: Iterable[str], limit: float, path: Path | None
) -> Cells:
    found = kept(path)
    for number in numbers:
        for name in names:
            for cell in cells_of(name, number, sizes, limit, found):
                found[cell.key] = cell
                print(cell, file=sys.stderr, flush=True)
                if path:
                    with path.open("a", encoding="utf-8") as file:
                        file.write(json.dumps(astuple(cell)) + "\n")
    return found


# -- the tables -----------------------------------------------------------------------------------------------------


def looked_up(found: Cells, number: int, name: str, kind: str, size: int, asked: float) -> Cell | None:
    """The measurement, of one thread for a peer that was not run with more, of the one run of one without tolerance."""
    wanted = asked if METHODS[name].tolerant else min(GAPS)
    cell = found.get((number, name, kind, size, wanted))
    if cell is None and not METHODS[name].patient:
        cell = found.get((1, name, kind, size, wanted))
    return cell and Cell(*astuple(cell)[:4], asked, *astuple(cell)[5:])


def text_of(cell: Cell | None) -> str:
    if cell is None:
        return ""
    if cell.seconds != cell.seconds:
        return cell.said if cell.said.startswith(">") else "failed"
    return shown(cell.seconds) + ("" if cell.answers else f" ({cell.gap:.0e})")


def rival(found: Cells, number: int, kind: str, size: int, asked: float) -> Cell | None:
    """The fastest peer that is within the gap."""
    cells = [looked_up(found, number, name, kind, size, asked) for name in PEERS]
    return min((c for c in cells if c and c.answers), key=lambda c: c.seconds, default=None)


def table(found: Cells, number: int, sizes: Iterable[int], names: list[str]) -> list[str]:
    header = ["game", "N", "gap", *names, "fastest peer / ours"]
    rows = []
    for kind in KINDS:
        for size in sizes:
            for asked in GAPS:
                cells = [looked_up(found, number, name, kind, size, asked) for name in names]
                ours, peer = cells[names.index("ours")], rival(found, number, kind, size, asked)
                ratio = f"{peer.seconds / ours.seconds:.3g}" if ours and ours.answers and peer else ""
                rows.append([kind, f"{size:,}", f"{asked:.0e}", *map(text_of, cells), ratio])
    return aligned(header, rows, range(1, len(header)))


def aims(found: Cells, numbers: Iterable[int], sizes: Iterable[int]) -> list[str]:
    """What was aimed at, and what came of it."""
    lines = []
    for number in numbers:
        slower, slow, unanswered = [], [], []
        against: list[tuple[float, str]] = []
        for kind in KINDS:
            for size in sizes:
                for asked in GAPS:
                    ours = looked_up(found, number, "ours", kind, size, asked)
                    if ours is None:
                        continue
                    where = f"{kind} {size:,} at {asked:.0e}"
                    if not ours.answers:
                        unanswered.append(f"{where}: {ours.gap:.1e}")
                    peer = rival(found, number, kind, size, asked)
                    if size >= 200 and peer and peer.seconds < ours.seconds:
                        slower.append(f"{where}: {peer.method} {ours.seconds / peer.seconds:.2g} times as fast")
                    if size < 200 and ours.seconds > 2e-3:
                        slow.append(f"{where}: {shown(ours.seconds)} ms")
                    ipm = looked_up(found, number, "HiGHS ipm", kind, size, asked)
                    if size >= 1000 and ipm and ipm.seconds == ipm.seconds:
                        against.append((ipm.seconds / ours.seconds, where))
        low = looked_up(found, number, "ours", "low rank", 1001, max(GAPS))
        stored = looked_up(found, number, "ours, stored", "low rank", 1001, max(GAPS))
        lines += [
            f"With {number} thread{'s' if number > 1 else ''}:",
            "",
            f"* ours within the gap everywhere: {'; '.join(unanswered) or 'yes'}.",
            f"* never slower than the fastest peer at N >= 200: {'; '.join(slower) or 'yes'}.",
            f"* under 2 ms below: {'; '.join(slow) or 'yes'}.",
        ]
        if against:
            least = min(against)
            lines.append(
                f"* at least 10 times as fast as HiGHS's ipm at N >= 1001: least {least[0]:.3g} times, {least[1]}."
            )
        if low and stored:
            lines.append(
                f"* low rank, N = 1001 under 100 ms: {shown(low.seconds)} ms from the factors, "
                f"{shown(stored.seconds)} ms from the matrix."
            )
        lines.append("")
    return lines


def points(
    found: Cells, number: int, sizes: Iterable[int], names: Iterable[str]
) -> list[tuple[str, str, int, float, bool]]:
    """What the chart shows."""
    asked = max(GAPS)
    cells = [looked_up(found, number, name, kind, size, asked) for kind in KINDS for name in names for size in sizes]
    return [(c.method, c.kind, c.size, c.seconds, c.answers) for c in cells if c and c.seconds == c.seconds]


# -- the page -------------------------------------------------------------------------------------------------------


def document(found: Cells, numbers: list[int], sizes: list[int], names: list[str], quick: bool, limit: float) -> str:
    missing = [f"{name} (needs {METHODS[name].needs})" for name in METHODS if not METHODS[name].installed]
    exact = exact_table(EXACT[:2] if quick else EXACT, limit)
    soft, most, worst = regularised_table(REGULARISED[:3] if quick else REGULARISED, limit)
    tables: list[str] = []
    for number in numbers:
        tables += [f"## {number} thread{'s' if number > 1 else ''}, ms", "", *table(found, number, sizes, names), ""]
    return "\n".join(
        [
            "# Von Neumann winners of matrix games: ours against the peers",
            "",
            "Milliseconds, medians (of up to 25 calls where they are short; one call where it takes long). uniform:",
            f"`P[i, j]` uniform; tournament: 0 or 1; low rank: logistic, rank {RANK}, and scores. Every answer's gap",
            "`2 max_y (Aπ)_y` is recomputed by the judge; where it misses the gap asked for, what it reached stands in",
            "brackets. Peers without a tolerance are run once and judged at both gaps. Ours: `von_neumann_winner`; it",
            "takes low-rank games as factors, all others get the matrix. Not timed: making the arrays, and the first",
            f"call (numba compiles). Killed after {limit:g} s; empty: not run, as the time at the size before, times",
            "the square of the ratio of sizes, is beyond that, or the method is not for it. Methods that took over",
            f"{AGAIN:g} s with one thread were not run again with two; the ratio takes their time with one. Our",
            "default is run whatever it takes.",
            *([f"Not installed, so not run: {', '.join(missing)}."] if missing else []),
            "",
            *tables,
            "![Growth](games.svg)",
            "",
            "## What was aimed at",
            "",
            *aims(found, numbers, sizes),
            "## Exactly, in fractions",
            "",
            "`exact_von_neumann_winner`, with the certificate for the kernel, against gambit's",
            "`pygambit.nash.lp_solve(rational=True)`; one thread. The same fractions; units of 1: a tournament.",
            "",
            *exact,
            "",
            "## Regularised by KL to the uniform policy",
            "",
            "`regularised_equilibrium` with tolerance 1e-12 against gambit's `pygambit.qre.logit_solve_lambda`; one",
            "thread, uniform games; gaps are regularised ones.",
            "",
            *soft,
            "",
            f"At most {most} factorisations (aim: 45); the largest gap of ours is {worst:.1e}.",
            "",
            machine("numpy", "scipy", "highspy", "quantecon", "numba", "nashpy", "pygambit", "open_spiel"),
            "",
        ]
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, default=TABLE, help="the Markdown file to write; the chart lies beside it")
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES), help="numbers of actions")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--limit", type=float, default=LIMIT, help="seconds of one call, after which a peer is killed")
    parser.add_argument("--resume", type=Path, help="a file of measurements to keep, and to go on from")
    parser.add_argument("--quick", action="store_true", help="up to N = 200, one thread, 5 seconds")
    options = parser.parse_args()
    if options.quick:
        options.sizes, options.threads = [n for n in options.sizes if n <= 200], options.threads[:1]
        options.limit = min(options.limit, 5.0)
    start = time.monotonic()
    names = [name for name in METHODS if name in {"ours", *options.methods} and METHODS[name].installed]
    found = measured(options.threads, options.sizes, names, options.limit, options.resume)
    page = document(found, options.threads, options.sizes, names, options.quick, options.limit)
    print(page, end="")
    print(f"{time.monotonic() - start:.0f} s in all", file=sys.stderr)
    write_atomically(options.out, page)
    growth(points(found, options.threads[0], options.sizes, names), options.out.with_suffix(".svg"))
    ours = [cell for cell in found.values() if cell.method == "ours"]
    return int(not all(cell.answers for cell in ours))


if __name__ == "__main__":
    sys.exit(main())
