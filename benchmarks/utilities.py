"""Utilities from comparisons with a certificate, against HiGHS alone in floating point, without one.

Both solve the same linear program: the largest least gap t of strict comparisons by a utility with values in [0, 1].
The peer is ``scipy.optimize.linprog(method="highs")`` on a sparse matrix; the seconds in which Python makes its rows
from the comparisons stand beside those of the call. Ours are those of ``recover_utility`` from the same comparisons:
the rows, HiGHS's simplex, the exact optimum or the exact weights, and the kernel's check of them against the data. The
ratio is ours to rows and HiGHS together.

Each comparison is of two lotteries with two outcomes. One half of the data sets has a utility; in the other half 2 % of
its comparisons are turned, so that none is left.
"""

from __future__ import annotations

import argparse
import sys
from fractions import Fraction
from functools import partial
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

from tables import RESULTS, aligned, machine, timed

import prefcore as pc
from prefcore.certificates import write_atomically
from prefcore.comparisons import Comparisons
from solvers.rewards.utilities import Recovery, recover_utility

OUT = RESULTS / "utilities.md"
HEADER = ("outcomes", "comparisons", "data", "verdict", "margin or conflict", "rows s", "HiGHS s", "ours s", "ratio")
SIZES = ((50, 1_000, 3), (100, 10_000, 3), (1_000, 100_000, 1))  # outcomes, comparisons, runs
TURNED = Fraction(2, 100)
AGREE = 1e-6  # of the two margins; HiGHS is told to be feasible to 1e-7


def drawn(outcomes: int, size: int, turned: Fraction) -> Comparisons:
    """Comparisons by a random utility, of which a share is turned."""
    rng = Random(f"{outcomes} {size}")
    utility = [rng.randint(0, 10**6) for _ in range(outcomes)]

    def lottery() -> pc.Distribution:
        a, b = rng.sample(range(outcomes), 2)
        share = Fraction(rng.randint(1, 99), 100)
        return pc.Distribution({a: share, b: 1 - share})

    pairs: list[tuple[pc.Distribution, pc.Distribution]] = []
    while len(pairs) < size:
        A, B = lottery(), lottery()
        rise = B.expect(utility.__getitem__) - A.expect(utility.__getitem__)
        if rise:
            pairs.append((A, B) if rise > 0 else (B, A))
    for i in rng.sample(range(size), int(turned * size)):
        pairs[i] = pairs[i][::-1]
    return Comparisons(pairs, outcomes=range(outcomes))


def matrix_of(data: Comparisons) -> Any:
    """``E_A u - E_B u + t <= 0``, row by row, as scipy wants it."""
    from scipy.sparse import csr_matrix

    rows, columns, entries = [], [], []
    for r, (A, B) in enumerate(data.strict):
        change = {o: float(A[o] - B[o]) for o in (*A, *B)}
        rows += [r] * (len(change) + 1)
        columns += [*change, len(data.outcomes)]
        entries += [*change.values(), 1.0]
    return csr_matrix((entries, (rows, columns)), shape=(len(data), len(data.outcomes) + 1))


def highs_alone(matrix: Any) -> float:
    """The largest least gap in floating point."""
    import numpy as np
    from scipy.optimize import linprog

    cost = np.zeros(matrix.shape[1])
    cost[-1] = -1.0
    found = linprog(cost, A_ub=matrix, b_ub=np.zeros(matrix.shape[0]), bounds=(0.0, 1.0), method="highs")
    return float(found.x[-1]) if found.status == 0 else float("nan")


def said(answer: Recovery) -> tuple[str, str]:
    """The verdict, and how large its evidence is."""
    if isinstance(answer.verdict, pc.Unknown):
        return "unknown", answer.verdict.reason
    if answer.margin is None:
        return "refuted", f"{len(answer.conflict)} comparisons"
    bits = answer.margin.numerator.bit_length() + answer.margin.denominator.bit_length()
    return "proved", f"{float(answer.margin):.3g}, {round(bits * 0.30103)} digits"


def agree(answer: Recovery, theirs: float) -> bool:
    margin = answer.margin if answer.margin is not None else Fraction(0)
    return not isinstance(answer.verdict, pc.Unknown) and abs(float(margin) - theirs) <= AGREE


def document() -> tuple[str, bool]:
    """The whole page, and whether every answer was certified and is HiGHS's."""
    rows, wrong = [], []
    warm = drawn(5, 20, Fraction(0))  # loads the libraries
    highs_alone(matrix_of(warm))
    recover_utility(warm)
    for outcomes, size, runs in SIZES:
        for turned in (Fraction(0), TURNED):
            data = drawn(outcomes, size, turned)
            matrix = matrix_of(data)
            work = partial(matrix_of, data), partial(highs_alone, matrix), partial(recover_utility, data)
            measured = [[timed(w) for w in work] for _ in range(runs)]
            made, theirs, ours = (median(run[k][0] for run in measured) for k in range(3))
            _, value, answer = (result for _, result in measured[0])
            kind = f"{turned * 100} % turned" if turned else "with a utility"
            if not agree(answer, value):
                wrong.append(f"DISAGREEMENT: {outcomes} × {size}, {kind}: {said(answer)}, HiGHS alone {value}")
            cells = (*said(answer), *(f"{t:.3f}" for t in (made, theirs, ours)), f"{ours / (made + theirs):.2f}")
            rows.append((f"{outcomes:,}", f"{size:,}", kind, *cells))
            print(*rows[-1], file=sys.stderr)
    page = "\n".join(
        [
            "# Utilities from comparisons: exact and certified, against HiGHS alone",
            "",
            "The largest least gap by a utility in [0, 1]. HiGHS alone: `scipy.optimize.linprog`, in floats, no proof.",
            "Ours: `recover_utility`, the exact optimum or exact Motzkin weights, checked by the kernel. Lotteries",
            "have two outcomes. Digits are those of the margin's numerator and denominator together; a conflict is",
            "the number of comparisons that contradict each other. Rows: what Python takes to make HiGHS's matrix of",
            "the comparisons; the ratio is to rows and HiGHS together. Medians of 3 runs; of the largest, 1 run.",
            "",
            *aligned(HEADER, rows, range(5, len(HEADER))),
            "",
            *(wrong or ["Every answer was certified, and its margin is the one that HiGHS finds, to 1e-6."]),
            "",
            machine("scipy", "highspy", "python-flint"),
            "",
        ]
    )
    return page, not wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, default=OUT, help="the Markdown file to write")
    options = parser.parse_args()
    page, right = document()
    print(page, end="")
    write_atomically(options.out, page)
    return int(not right)


if __name__ == "__main__":
    sys.exit(main())
