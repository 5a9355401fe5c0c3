"""If we can fit a reward, should we? Three routes from comparisons to a policy, judged by the true preference.

**The truth.** N items (responses, trajectories); the probability ``P[i, j]`` that i is preferred to j has the log-odds

    logit P = √(1 - γ) (s_i - s_j) + √γ c_ij,

where ``C = Σ_k (u_k v_kᵀ - v_k u_kᵀ)`` with two pairs of centred vectors, so that ``Σ_j c_ij = 0``: C is the cyclic
part of Hodge's decomposition (Jiang et al. 2011), and s the transitive one. Both are scaled to the same root mean
square over the pairs, so γ is the cyclic share of the squared log-odds, whose size does not depend on γ: with γ = 0
Bradley–Terry's model holds, with γ = 1 no item is better than the others. s, u, v and log μ are standard normal, μ the
reference policy. *A problem* is one draw of (s, C, μ).

**The data.** n comparisons of two different items, drawn from μ × μ (or uniformly); each label is flipped with
probability ε. All routes see the same data, the data of n comparisons begin those of more, and the pairs and the
uniform numbers behind the labels are the same for all γ and ε.

**The routes**, all with the same divergence ``τ KL(π‖μ)``:

* *reward*: fit Bradley and Terry's r by penalised likelihood, then optimise it, ``π ∝ μ exp(r / τ)``;
* *DPO*: gradient descent on DPO's loss over all policies, from μ, stopped early. With the same prior its optimum is
  *reward*'s (:mod:`solvers.rewards.direct`; the tests confirm it), so only the way to regularise differs;
* *IPO*: its exact optimum, which on endless data is the regularised best response to μ;
* *Nash*: estimate P by smoothed frequencies, ``(wins + κ/2) / (comparisons + κ)``, and solve the symmetric game
  ``max_π min_π' π (P̂ - 1/2) π' - τ KL(π‖μ) + τ KL(π'‖μ)`` by Newton's method, to a certified gap (2312.00886);
* *Nash, smoothed by BT*: the same, but shrinking the frequencies to the model's probabilities, not to 1/2:
  ``(wins + κ σ(r_i - r_j)) / (comparisons + κ)``, r being fitted with κ = 1.

κ counts comparisons added to every pair; it is the prior of *reward* and *IPO* as well.

**The judge** is the true P without flips, exactly: with ``A = P - 1/2`` the exploitability ``2 max_y (A π)_y``, the win
rate over μ, of one route over another, and with γ = 0 the regret ``max s - π·s``, in log-odds.

**Settings.** For each route the τ and κ (or steps) of least mean exploitability on problems held out for it, so that
each is at its best and none chooses on the test: *tuned*, one choice in each cell (γ, n, ε); *blind*, one choice for
all levels of γ, as γ is not known beforehand. *fixed*: τ = 0.1, κ = 1, 100 steps. The same τ ties *IPO* and *Nash* more
to μ than *reward* and *DPO*: they trade probabilities against it, which are a quarter of their log-odds near 1/2.

**Bias and variance.** With the same τ, the mean exploitability e over data sets is the sum of

* the *bias* ``e(π_∞)``, of the route's policy for endless data of the same noise, to which no prior matters;
* what the *prior* adds, ``e(π_E) - e(π_∞)``, with π_E the policy for the expected counts of n comparisons; stopping
  early counts as a prior;
* the *shift* ``e(π̄) - e(π_E)`` by chance, with π̄ the mean policy over the data sets of a problem;
* the *spread* ``mean e(π̂) - e(π̄)``, zero or more as e is convex: what is lost as policies differ between data sets,
  beyond their mean. (With γ = 0 the best reply is always the best item, e is linear, and the spread is 0.)

The *variance* of a policy is ``Σ_y Var π̂_y`` over data sets. Of R data sets the spread is low by about 1/R of itself,
which the shift receives.

Intervals are of 95 %, Student's t over the test problems, each of them a mean over its data sets; differences between
routes are paired. The crossing, the least γ from which on *Nash* has the lower exploitability, is interpolated between
levels of γ; its interval is a bootstrap over problems. Intervals take the chosen settings as given, and are not
corrected for the number of cells.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product, takewhile
from pathlib import Path
from typing import Any

import numpy as np
from reward_routes import CERTIFIED, DESCENTS, DPO, IPO, NASH, PRIORS, REWARD, ROUTES, SMOOTHED, TAUS
from reward_trial import BLIND, SAME, TUNED, WAYS, Cell, Design, advantage, crossing_interval, interval, study
from tables import RESULTS, aligned, machine, timed

from prefcore.certificates import write_atomically

TABLE, CHART = RESULTS / "reward_study.md", RESULTS / "reward_study.svg"
SEED = 20246
PUBLISHED = Design()
QUICK = Design(items=6, sizes=(40, 400), levels=(0.0, 0.3, 1.0), noises=(0.1,), held_out=4, test=6, sets=3)
NOISE = 0.1  # of the tables that show one level of it

WHERE = ("flipped", "n", "γ")
PARTS = ("route", "setting", "exploitability", "bias", "prior", "shift", "spread", "variance")

Rows = list[tuple[str, ...]]


# -- tables ---------------------------------------------------------------------------------------------------------


def signed(values: tuple[float, float, float]) -> str:
    """A mean and its interval."""
    mean, low, high = values
    return f"{mean:+.3f} [{low:+.3f}, {high:+.3f}]"


def reached(values: tuple[float, float, float], levels: Sequence[float]) -> str:
    """A crossing and its interval."""
    mean, low, high = (f"> {levels[-1]:g}" if x == np.inf else f"{x:.2f}" for x in values)
    return f"{mean} [{low}, {high}]"


def significant(cells: Sequence[Cell]) -> tuple[str, str]:
    """Up to which level of γ *reward* is significantly better than *Nash*, and from which on worse."""
    found = [interval(advantage(cell, NASH)) for cell in cells]
    pairs = list(zip(cells, found, strict=True))
    to = [cell.level for cell, _ in takewhile(lambda pair: pair[1][2] < 0, pairs)]
    since = [cell.level for cell, _ in takewhile(lambda pair: pair[1][1] > 0, pairs[::-1])]
    return f"{to[-1]:g}" if to else "-", f"{since[-1]:g}" if since else "-"


def tally(cells: Sequence[Cell], way: str) -> str:
    """At how many levels *Nash, smoothed by BT* is significantly better than *reward*, and worse."""
    found = [interval(advantage(cell, SMOOTHED, way)) for cell in cells]
    return f"{sum(low > 0 for _, low, _ in found)} / {sum(high < 0 for _, _, high in found)}"


SUMMARY = (
    *("pairs", "flipped", "n", "Nash's advantage, γ = 0", "γ = 1", "reward better to", "Nash better from"),
    *(f"crossing, {way}" for way in WAYS),
    *(f"smoothed better / worse, {way}" for way in (TUNED, BLIND)),
)


def summary(cells: Sequence[Cell], design: Design) -> Rows:
    """A row for each noise and size: which route is better, and from which γ on."""
    rows = []
    for noise, size in product(design.noises, design.sizes):
        line = [cell for cell in cells if (cell.noise, cell.size) == (noise, size)]
        gains = (np.stack([advantage(cell, NASH, way) for cell in line]) for way in WAYS)
        rows.append(
            (
                design.pairs,
                f"{noise:.0%}",
                f"{size}",
                *(signed(interval(advantage(cell, NASH))) for cell in (line[0], line[-1])),
                *significant(line),
                *(reached(crossing_interval(design.levels, gain, SEED), design.levels) for gain in gains),
                *(tally(line, way) for way in (TUNED, BLIND)),
            )
        )
    return rows


def everything(cells: Sequence[Cell]) -> Rows:
    """The exploitability of every route in every cell, and the paired differences."""
    rows = []
    for cell in cells:
        gains = (signed(interval(advantage(cell, route))) for route in (NASH, SMOOTHED))
        means = {way: [f"{cell.chosen[way][route].total.mean():.3f}" for route in ROUTES] for way in WAYS}
        rows.append((*place(cell), *means[TUNED], *gains, *means[BLIND], *means[SAME]))
    return rows


def parts(cells: Sequence[Cell]) -> Rows:
    """What the exploitability of every route consists of, and the variance of its policies."""
    rows = []
    for cell in cells:
        for route, outcome in cell.tuned.items():
            prior = f"{DESCENTS[outcome.setting[0]]} steps" if route == DPO else f"κ = {PRIORS[outcome.setting[0]]:g}"
            shares = (f"{x.mean():+.3f}" for x in (outcome.bias, outcome.prior, outcome.shift, outcome.spread))
            total, variance = (f"{x.mean():.3f}" for x in (outcome.total, outcome.variance))
            rows.append((*place(cell), route, f"τ = {TAUS[outcome.setting[1]]:g}, {prior}", total, *shares, variance))
    return rows


def contests(cells: Sequence[Cell]) -> Rows:
    """Win rates over the reference, of *reward* and *smoothed* over *Nash*, and the regret where there is a utility."""
    rows = []
    for cell in cells:
        over = (f"{cell.tuned[route].wins.mean():.3f}" for route in ROUTES)
        against = (signed(interval(cell.tuned[route].against - 0.5)) for route in (REWARD, SMOOTHED))
        regret = (
            f"{cell.tuned[r].regret.mean():.3f}" if cell.level == 0 else "" for r in (REWARD, IPO, NASH, SMOOTHED)
        )
        rows.append((*place(cell), *over, *against, *regret))
    return rows


def place(cell: Cell) -> tuple[str, str, str]:
    return f"{cell.noise:.0%}", f"{cell.size}", f"{cell.level:g}"


def document(cells: Sequence[Cell], uniform: Sequence[Cell], design: Design) -> str:
    """The whole page."""
    flat = replace(design, pairs="uniform", noises=(NOISE,))
    some = [cell for cell in cells if cell.noise == NOISE]
    others = (f"{route}, {way}" for way in (BLIND, SAME) for route in ROUTES)
    regrets = (f"{route}, regret" for route in (REWARD, IPO, NASH, SMOOTHED))
    return "\n".join(
        [
            "# If we can fit a reward, should we?",
            "",
            f"{design.items} items; {design.test} problems with {design.sets} data sets each, and {design.held_out}",
            f"problems held out for the settings; seed {SEED}. What is measured, and how, stands at the top of",
            "`benchmarks/reward_study.py`. Exploitability is 0 at best and 1 at most. An advantage is *reward*'s",
            "exploitability minus the other route's, so it is positive where preferences do better; in brackets its",
            "interval of 95 %. Better to, better from: the levels of γ up to which, and from which on, *reward* and",
            "*Nash* differ significantly; crossing: the γ from which on *Nash* has the advantage. Better / worse: at",
            f"how many of the {len(design.levels)} levels *Nash, smoothed by BT* differs significantly from *reward*.",
            "Settings: tuned for each cell, blind to γ, or fixed; tuned where nothing else is said.",
            "",
            *aligned(SUMMARY, [*summary(cells, design), *summary(uniform, flat)], range(1, len(SUMMARY))),
            "",
            "![Exploitability against γ](reward_study.svg)",
            "",
            "## The exploitability in every cell",
            "",
            *aligned(
                (*WHERE, *ROUTES, "Nash's advantage", "smoothed's advantage", *others),
                everything(cells),
                range(len(WHERE) + 3 * len(ROUTES) + 2),
            ),
            "",
            f"## Bias and variance, {NOISE:.0%} flipped, tuned",
            "",
            *aligned((*WHERE, *PARTS), parts(some), range(5, len(WHERE) + len(PARTS))),
            "",
            f"## Win rates and regret, {NOISE:.0%} flipped, tuned",
            "",
            "Win rates over μ; of *reward* and of *smoothed* over *Nash*, less 1/2; where γ = 0, regret in log-odds.",
            "",
            *aligned(
                (*WHERE, *ROUTES, "reward over Nash", "smoothed over Nash", *regrets),
                contests(some),
                range(len(WHERE) + len(ROUTES) + 6),
            ),
            "",
            f"Every game is solved to a gap of {CERTIFIED:g} or less, recomputed from the policy.",
            "",
            machine("numpy", "scipy"),
            "",
        ]
    )


# -- the figure -----------------------------------------------------------------------------------------------------

LOOKS: dict[str, dict[str, Any]] = {  # different in greyscale, too
    REWARD: {"color": "#000000", "linestyle": "-", "linewidth": 2.0},
    DPO: {"color": "#777777", "linestyle": ":", "linewidth": 1.6},
    IPO: {"color": "#999999", "linestyle": "--", "linewidth": 1.2},
    NASH: {"color": "#0072b2", "linestyle": "-", "linewidth": 1.4, "marker": "o", "markersize": 3.5},
    SMOOTHED: {
        "color": "#d55e00",
        "linestyle": "-",
        "linewidth": 1.4,
        "marker": "^",
        "markersize": 4.5,
        "mfc": "white",
    },
}
APART = 0.075  # between the labels of lines, in exploitability


def chart(cells: Sequence[Cell], design: Design, path: Path) -> None:
    """Exploitability against γ with intervals: a column for each n, a row for each noise; labels at the right."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.hashsalt": "prefcore", "font.size": 9, "axes.titlesize": 10})
    from matplotlib import pyplot as plt

    rows, columns = len(design.noises), len(design.sizes)
    figure, axes = plt.subplots(
        rows, columns, figsize=(2.15 * columns + 1.3, 2.3 * rows + 0.7), sharex=True, sharey=True, squeeze=False
    )
    for (row, noise), (column, size) in product(enumerate(design.noises), enumerate(design.sizes)):
        axis = axes[row][column]
        line = [cell for cell in cells if (cell.noise, cell.size) == (noise, size)]
        for route, look in LOOKS.items():
            mean, low, high = np.array([interval(cell.tuned[route].total) for cell in line]).T
            axis.fill_between(design.levels, low, high, color=look["color"], alpha=0.12, linewidth=0)
            axis.plot(design.levels, mean, **look)
        gains = np.stack([advantage(cell, NASH) for cell in line])
        middle, low, high = np.minimum(crossing_interval(design.levels, gains, SEED), 1.02)
        if (row, column) == (0, 0):
            axis.annotate("reward and Nash cross", (middle, 0.05), ha="center", fontsize=7.5, color="#333333")
        axis.plot([low, high], [0.02, 0.02], color="#555555", linewidth=1)
        axis.plot(middle, 0.02, "|", color="#000000", markersize=9)
        axis.set(xlim=(-0.02, 1.02), xticks=(0, 0.5, 1), xticklabels=("0", ".5", "1"))
        axis.grid(True, color="#e4e4e4", linewidth=0.6)
        axis.spines[["top", "right"]].set_visible(False)
        if row == 0:
            axis.set_title(f"n = {size}")
        if row == rows - 1:
            axis.set_xlabel("γ, the cyclic share")
        if column == 0:
            axis.set_ylabel(f"{noise:.0%} flipped\nexploitability")
    for row, noise in enumerate(design.noises):
        last = next(c for c in reversed(cells) if (c.noise, c.size) == (noise, design.sizes[-1]))
        ends = {route: float(last.tuned[route].total.mean()) for route in LOOKS}
        for height, route in spaced(ends):
            axes[row][-1].annotate(
                route.replace(", ", ",\n"),
                (1.02, ends[route]),
                (1.14, height),
                color=LOOKS[route]["color"],
                fontsize=8,
                va="center",
                linespacing=0.9,
                annotation_clip=False,
                arrowprops={"arrowstyle": "-", "color": "#bbbbbb", "linewidth": 0.6, "shrinkA": 1, "shrinkB": 0},
            )
    top = max(interval(cell.tuned[route].total)[2] for cell in cells for route in LOOKS)
    axes[0][0].set_ylim(0, top * 1.03)
    figure.tight_layout(rect=(0, 0, 0.93, 1))
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def spaced(ends: dict[str, float]) -> Iterator[tuple[float, str]]:
    """Heights for labels, near the ends of their lines, those on top first, and APART from each other."""
    order = sorted(ends, key=lambda route: (-round(ends[route], 1), list(ends).index(route)))
    heights = np.array([ends[route] for route in order])
    for _ in range(200):
        lack = APART - (heights[:-1] - heights[1:])
        heights[:-1] += np.maximum(lack, 0) / 2
        heights[1:] -= np.maximum(lack, 0) / 2
    yield from zip(heights, order, strict=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a small study that shows nothing, for tests")
    parser.add_argument("--out", type=Path, default=TABLE, help="the Markdown file to write")
    parser.add_argument("--chart", type=Path, default=CHART, help="the SVG file to write")
    options = parser.parse_args()
    design = QUICK if options.quick else PUBLISHED
    seconds, cells = timed(lambda: study(design, SEED))
    more, uniform = timed(lambda: study(replace(design, pairs="uniform", noises=(NOISE,)), SEED))
    print(f"{seconds + more:.0f} s", file=sys.stderr)
    page = document(cells, uniform, design)
    print(page, end="")
    write_atomically(options.out, page)
    chart(cells, design, options.chart)
    return 0


if __name__ == "__main__":
    sys.exit(main())
