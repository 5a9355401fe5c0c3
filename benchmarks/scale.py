"""How does the cost of a check grow with the outcomes, and with the functionals that a relation reads?

10² to 10⁶ outcomes, and 1 to 8 functionals with random payoffs, for two families: a lexicographic order of k
expectations, and an expectation under k - 1 chance constraints ("feasible first"; for one functional it is the
expectation alone). The question is every axiom of ``pc.AXIOMS`` but those of dominance, whose functionals are as many
as the payoff's values. Each point is a process of its own, which reports its seconds to trace the relation; to decide
all axioms from the traced relation, with certificates, which includes the kernel's check; for the kernel to check all
evidence again; its peak of memory, libraries and payoffs included (peak: ``ru_maxrss``); and the bytes of all evidence
as JSON, without the features of the formula, which are the payoffs themselves. Payoffs are lists of integers that are
made before the clock starts. What takes under two seconds is timed three times, and the median counts; memory is that
of the first time.
"""

from __future__ import annotations

import argparse
import random
import resource
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from itertools import product
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from tables import RESULTS, aligned, machine, result_of, timed

import prefcore as pc
from prefcore.axioms import DOMINANCE
from prefcore.certificates import write_atomically
from prefcore.claims import Axiom
from prefcore.formula import Formula
from prefcore.records import to_json
from prefcore.relations import formula_of
from prefcore.tracing import FormulaTooLarge

SIZES = (10**2, 10**3, 10**4, 10**5, 10**6)
FUNCTIONALS = (1, 2, 4, 8)
FAMILIES = ("lexicographic", "chance constraints")
AXIOMS = tuple(axiom for axiom in pc.AXIOMS if axiom not in DOMINANCE)
LIMIT = 150.0  # seconds for one point, all repetitions together
SEED = 20242
AIM_SECONDS, AIM_GIB, AIM_FUNCTIONALS = 10.0, 2.0, 4  # at the most outcomes, to decide and to check again
TABLE, CHART = RESULTS / "scale.md", RESULTS / "scale.svg"
HEADER = (
    "relation",
    "functionals",
    "outcomes",
    "trace s",
    "decide s",
    "kernel s",
    "peak MiB",
    "evidence bytes",
    "unknown",
)


# -- one point ------------------------------------------------------------------------------------------------------


def relation_of(family: str, functionals: int, payoffs: Sequence[list[int]], bad: Sequence[bytes]) -> pc.Relation[Any]:
    """A new relation object, so that nothing is remembered of an earlier trace."""
    values = [pc.maximize(pc.expect(payoff.__getitem__)) for payoff in payoffs]
    if family == "lexicographic":
        return pc.lexicographic(*values)
    if functionals == 1:
        return pc.expected_reward(payoffs[0].__getitem__)
    limits = [pc.at_most(pc.prob(partial(_holds, event)), Fraction(1, 10)) for event in bad]
    return pc.constrained(limits, values[0])


def _holds(event: bytes, outcome: int) -> bool:
    return event[outcome] == 1


def ask(connection: Connection, family: str, functionals: int, size: int) -> None:
    """Sends "ready" and the measurements of one point."""
    source = random.Random(SEED + size)
    count = functionals if family == "lexicographic" else 1
    payoffs = [[source.randrange(1000) for _ in range(size)] for _ in range(count)]
    bad = [bytes(source.choices((0, 1), (3, 1), k=size)) for _ in range(functionals - count)]
    outcomes = tuple(range(size))
    pc.check(pc.majority([0, 1, 2].__getitem__, [2, 0, 1].__getitem__, [1, 2, 0].__getitem__), range(3))  # loads
    connection.send("ready")
    peaks: list[float] = []

    def once() -> tuple[float, tuple[float, float, float, pc.Report]]:
        relation = relation_of(family, functionals, payoffs, bad)
        trace, _ = timed(lambda: formula_of(relation, outcomes))
        decide, report = timed(lambda: pc.check(relation, outcomes, axioms=AXIOMS))
        again, _ = timed(lambda: recheck(report))
        peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        formula_of.cache_clear()
        return trace + decide + again, (trace, decide, again, report)

    try:
        seconds, (trace, decide, again, report) = once()
    except FormulaTooLarge:
        connection.send("too large")
        return
    rest = [once()[1][:3] for _ in range(2)] if seconds < 2 else []
    times = [sorted(x)[len(x) // 2] for x in zip((trace, decide, again), *rest, strict=True)]
    unknown = sum(isinstance(verdict, pc.Unknown) for verdict in report.values())
    connection.send((*times, peaks[0], evidence_bytes(report), unknown))


def recheck(report: pc.Report) -> None:
    """Puts all evidence of a report to the kernel again."""
    for verdict in report.values():
        if not isinstance(verdict, pc.Unknown):
            assert type(pc.kernel.check(verdict.claim, verdict.evidence)) is type(verdict)


def evidence_bytes(report: pc.Report) -> int:
    """The length of all certificates without the features of the formula."""
    total = 0
    for verdict in report.values():
        if not isinstance(verdict, pc.Unknown) and isinstance(verdict.claim, Axiom):
            formula = verdict.claim.relation
            assert isinstance(formula, Formula)
            bare = Formula(1, ((0,),) * len(formula.features), formula.nodes)
            total += len(to_json(replace(verdict.claim, relation=bare), verdict.evidence).encode())
    return total


@dataclass(frozen=True, slots=True)
class Point:
    """What was measured, or why nothing was."""

    family: str
    functionals: int
    outcomes: int
    measured: tuple[float, float, float, float, int, int] | None
    excuse: str = ""

    @property
    def seconds(self) -> float | None:
        """To decide and to check again."""
        return None if self.measured is None or self.measured[5] == len(AXIOMS) else sum(self.measured[:3])

    def cells(self) -> tuple[str, ...]:
        named = (self.family, str(self.functionals), f"{self.outcomes:,}")
        if self.measured is None:
            return (*named, "-", self.excuse, "-", "-", "-", f"{len(AXIOMS)} of {len(AXIOMS)}")
        trace, decide, again, peak, size, unknown = self.measured
        times = (f"{x:.4f}" for x in (trace, decide, again))
        return (*named, *times, f"{peak:.0f}", f"{size:,}", f"{unknown} of {len(AXIOMS)}")


def measure(family: str, functionals: int, size: int, limit: float) -> Point:
    found = result_of(ask, family, functionals, size, limit=limit)
    if isinstance(found, tuple):
        return Point(family, functionals, size, found)
    return Point(family, functionals, size, None, found or f"> {limit:g}")


# -- the page and the chart -----------------------------------------------------------------------------------------


def aims(points: Sequence[Point]) -> Iterator[str]:
    """Whether the aims are met at 10⁶ outcomes and 4 functionals; and how much of the growth is the outcomes'."""
    for family in dict.fromkeys(point.family for point in points):
        aim = [p for p in points if (p.family, p.functionals, p.outcomes) == (family, AIM_FUNCTIONALS, max(SIZES))]
        for point in aim:
            text = (
                f"Aim, {family}, {point.outcomes:,} outcomes, {point.functionals} functionals: decide and re-check in"
            )
            text += f" under {AIM_SECONDS:g} s and {AIM_GIB:g} GiB:"
            if point.seconds is None or point.measured is None:
                yield f"{text} NOT MET (no verdicts)"
                continue
            peak = point.measured[3] / 1024
            met = point.seconds < AIM_SECONDS and peak < AIM_GIB and point.measured[5] == 0
            yield f"{text} {'met' if met else 'NOT MET'} ({point.seconds:.2f} s with the trace, {peak:.2f} GiB)"


def document(points: Sequence[Point], limit: float) -> str:
    """The whole page."""
    return "\n".join(
        [
            "# Growth over outcomes and functionals",
            "",
            f"All {len(AXIOMS)} axioms but those of dominance. decide s: all verdicts with certificates, the kernel's",
            "check included, of a traced relation; kernel s: its check again; peak: of the whole process, payoffs and",
            "libraries included; evidence: all certificates as JSON without the formulas' features.",
            f"A point is stopped after {limit:g} s. Too large: it reads more numbers than a formula may hold.",
            "",
            *aligned(HEADER, [point.cells() for point in points], range(1, len(HEADER) - 1)),
            "",
            *aims(points),
            "",
            machine("z3-solver", "numpy"),
            "",
        ]
    )


def chart(points: Sequence[Point], path: Path) -> None:
    """Seconds, memory and evidence against the outcomes, on logarithmic axes, a line for each number of functionals."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.hashsalt": "prefcore", "font.size": 9, "axes.titlesize": 10})
    from matplotlib import pyplot as plt

    families = list(dict.fromkeys(point.family for point in points))
    counts = sorted({point.functionals for point in points})
    panels = (
        ("seconds, trace + decide + re-check", lambda m: sum(m[:3]), (1e-2, 1e3), (AIM_SECONDS, f"{AIM_SECONDS:g} s")),
        ("peak memory, MiB", lambda m: m[3], (1e2, 1e4), (AIM_GIB * 1024, f"{AIM_GIB:g} GiB")),
        ("evidence, bytes of JSON", lambda m: m[4], (1e3, 1e6), None),
    )
    figure, axes = plt.subplots(
        len(panels), len(families), figsize=(4.4 * len(families), 8.4), sharex=True, sharey="row", squeeze=False
    )
    colours = dict(zip(counts, ("#0072b2", "#009e73", "#e69f00", "#d55e00", "#cc79a7"), strict=False))
    markers = dict(zip(counts, "osD^v", strict=False))
    for (row, (label, value, limits, aim)), (column, family) in product(enumerate(panels), enumerate(families)):
        axis = axes[row][column]
        for count in counts:
            shown = [p for p in points if (p.family, p.functionals) == (family, count) and p.seconds is not None]
            axis.plot(
                [p.outcomes for p in shown],
                [value(p.measured) for p in shown],
                marker=markers[count],
                markersize=5,
                color=colours[count],
                label=f"{count} functional{'s' if count > 1 else ''}",
            )
        for p in points:  # hollow where something stayed unknown
            if (p.family, p.seconds is None) == (family, False) and p.measured and p.measured[5]:
                axis.plot(
                    p.outcomes, value(p.measured), markers[p.functionals], color=colours[p.functionals], mfc="white"
                )
        axis.set(xscale="log", yscale="log", ylim=limits)
        axis.grid(True, which="major", color="#dddddd", linewidth=0.6)
        axis.spines[["top", "right"]].set_visible(False)
        if aim:
            axis.axhline(aim[0], color="#555555", linestyle="--", linewidth=1)
            place = {"xytext": (0, 3), "textcoords": "offset points", "ha": "right"}
            axis.annotate(f"aim: {aim[1]}", (1, aim[0]), xycoords=axis.get_yaxis_transform(), **place)
        if row == 0:
            axis.set_title(family)
        if column == 0:
            axis.set_ylabel(label)
        if row == len(panels) - 1:
            axis.set_xlabel("outcomes")
    handles, labels = axes[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, frameon=False, ncols=len(counts), loc="lower center")
    figure.suptitle(
        "All axioms with certificates, and the kernel's re-check (hollow: an axiom stayed unknown)", fontsize=10
    )
    figure.tight_layout(rect=(0, 0.03, 1, 1))
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="numbers of outcomes")
    parser.add_argument("--functionals", type=int, nargs="+", default=FUNCTIONALS)
    parser.add_argument("--families", nargs="+", choices=FAMILIES, default=FAMILIES)
    parser.add_argument("--limit", type=float, default=LIMIT, help="seconds for one point")
    parser.add_argument("--out", type=Path, default=TABLE, help="the Markdown file to write")
    parser.add_argument("--chart", type=Path, default=CHART, help="the SVG file to write")
    options = parser.parse_args()
    points = []
    for family, functionals, size in product(options.families, options.functionals, options.sizes):
        points.append(measure(family, functionals, size, options.limit))
        print(" | ".join(points[-1].cells()), file=sys.stderr, flush=True)
    page = document(points, options.limit)
    print(page, end="")
    write_atomically(options.out, page)
    chart(points, options.chart)
    return 0


if __name__ == "__main__":
    sys.exit(main())
