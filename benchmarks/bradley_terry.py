"""Maximum likelihood scores from pairwise comparisons: ours against choix.

The same comparisons, drawn from Bradley–Terry chances with standard normal scores, are given to each method in the form
that it takes: choix's take a list of (winner, loser), its dense variant and ours a matrix of counts; ours is timed from
the list, too. All maximise the same likelihood, whose value at what they return is recomputed here, in one way for all.
A method runs in a process of its own, which is killed after a limit. Ours also finds out whether the maximum exists.
"""

from __future__ import annotations

import argparse
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from tables import RESULTS, aligned, machine, repeated, result_of, timed

from prefcore.certificates import write_atomically

OUT = RESULTS / "bradley_terry.md"
SIZES = ((50, 5_000), (1_000, 100_000), (10_000, 1_000_000))
LIMIT = 100.0  # seconds for a method on one data set
METHODS = {
    "choix `ilsr_pairwise`": ("list", "ilsr_pairwise"),
    "choix `ilsr_pairwise_dense`": ("matrix", "ilsr_pairwise_dense"),
    "choix `mm_pairwise`": ("list", "mm_pairwise"),
    "choix `opt_pairwise`": ("list", "opt_pairwise"),
    "ours, from the list": ("list", "ours"),
    "ours, from counts": ("matrix", "ours"),
}
HEADER = ("items", "comparisons", "method", "ms", "ilsr_pairwise / this", "log-likelihood (nats)")


def comparisons(items: int, number: int) -> tuple[Any, Any]:
    """Winners and losers, drawn from Bradley–Terry chances."""
    generator = np.random.default_rng(items)
    scores = generator.normal(size=items)
    i = generator.integers(items, size=number)
    j = (i + 1 + generator.integers(items - 1, size=number)) % items
    first = generator.random(number) < 1 / (1 + np.exp(scores[j] - scores[i]))
    return np.where(first, i, j), np.where(first, j, i)


def log_likelihood(scores: Any, winners: Any, losers: Any) -> float:
    return float(-np.logaddexp(0.0, scores[losers] - scores[winners]).sum())


def measure(connection: Any, form: str, name: str, items: int, number: int) -> None:
    """Sends "ready", and then the median seconds and the log-likelihood."""
    import choix
    from scipy.sparse import csr_array

    from solvers.rewards.pairwise.strengths import bradley_terry
    from solvers.rewards.pairwise.win_counts import comparison_counts

    winners, losers = comparisons(items, number)
    listed = list(zip(winners.tolist(), losers.tolist(), strict=True)) if form == "list" else []
    counts: Any = None
    if form == "matrix":
        counts = csr_array((np.ones(number), (winners, losers)), (items, items))
        counts = counts if name == "ours" and items > 1_000 else counts.toarray()

    def scores() -> Any:
        if name == "ours":
            order, given = (range(items), counts) if form == "matrix" else comparison_counts(listed)
            fit = bradley_terry(given)
            assert fit.converged
            found = np.empty(items)
            found[list(order)] = fit.scores
            return found
        if form == "matrix":
            return getattr(choix, name)(counts)
        return getattr(choix, name)(items, listed, **({"alpha": 0.0} if name == "opt_pairwise" else {}))

    scores() if number <= 10_000 else None  # loads what is loaded at first use
    connection.send("ready")
    try:
        seconds, found = repeated(partial(timed, scores))
    except RuntimeError as failure:  # choix says so where it has not converged
        connection.send((float("nan"), str(failure)))
        return
    connection.send((seconds, log_likelihood(found, winners, losers)))


def more(connection: Any, items: int, number: int) -> None:
    """What choix does not give: seconds for standard errors, diagnosis and goodness of fit."""
    from scipy.sparse import csr_array

    from solvers.rewards.pairwise.strengths import bradley_terry

    winners, losers = comparisons(items, number)
    counts = csr_array((np.ones(number), (winners, losers)), (items, items))
    fit = bradley_terry(counts)
    connection.send("ready")
    diagnosis = timed(lambda: fit.diagnosis)[0]
    some = timed(lambda: fit.standard_errors_of(range(10)))[0]
    errors = timed(lambda: fit.standard_errors)[0]
    connection.send((diagnosis, some, errors))


def shown(milliseconds: float) -> str:
    return f"{milliseconds:.2f}" if milliseconds < 10 else f"{milliseconds:,.0f}"


def document(sizes: tuple[tuple[int, int], ...], limit: float) -> tuple[str, bool]:
    """The whole page, and whether ours has the highest likelihood everywhere."""
    rows, extras, right = [], [], True
    for items, number in sizes:
        results = {
            method: result_of(measure, form, name, items, number, limit=limit)
            for method, (form, name) in METHODS.items()
        }
        base = results["choix `ilsr_pairwise`"]
        found = [x[1] for x in results.values() if x is not None and not isinstance(x[1], str)]
        ours = results["ours, from counts"]
        right = right and ours is not None and ours[1] >= max(found) - 1e-6 * abs(max(found))
        for method, result in results.items():
            if result is None:
                cells = (f"> {limit * 1000:,.0f}", "", "none within the limit")
            elif isinstance(result[1], str):
                cells = ("", "", result[1])
            else:
                known = base is not None and not isinstance(base[1], str)
                faster = base[0] / result[0] if known else limit / result[0]
                ratio = f"{'' if known else '> '}{faster:.3g}"
                cells = (shown(1000 * result[0]), ratio, f"{result[1]:,.6f}")
            rows.append((f"{items:,}", f"{number:,}", method, *cells))
            print(*rows[-1], sep=" | ", file=sys.stderr, flush=True)
        extra = result_of(more, items, number, limit=4 * limit)
        if extra is not None:
            diagnosis, some, errors = (shown(1000 * x) for x in extra)
            extras.append(f"* {items:,} items: diagnosis {diagnosis}, ten standard errors {some}, all of them {errors}")
    page = "\n".join(
        [
            "# Bradley–Terry scores by maximum likelihood, against choix",
            "",
            "Medians of three where a run takes less than two seconds. The ratio is to choix's `ilsr_pairwise`.",
            f"Each method is killed after {limit:.0f} s.",
            "",
            *aligned(HEADER, rows, range(3, len(HEADER))),
            "",
            "choix has no standard errors and no diagnosis; ours, when asked for, take in ms:",
            "",
            *extras,
            "",
            "Ours has the highest likelihood everywhere."
            if right
            else "DISAGREEMENT: ours is not the highest likelihood.",
            "",
            machine("choix", "numpy", "scipy"),
            "",
        ]
    )
    return page, right


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, default=OUT, help="the Markdown file to write")
    parser.add_argument("--limit", type=float, default=LIMIT, help="seconds for a method on one data set")
    parser.add_argument("--sizes", type=int, default=len(SIZES), help="how many of the data sets, the smallest first")
    options = parser.parse_args()
    start = time.monotonic()
    page, right = document(SIZES[: options.sizes], options.limit)
    print(page, end="")
    print(f"{time.monotonic() - start:.0f} s in all", file=sys.stderr)
    write_atomically(options.out, page)
    return int(not right)


if __name__ == "__main__":
    sys.exit(main())
