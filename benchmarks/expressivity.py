"""Which share of random tasks can a Markov reward express, and how does it change with the model and the task?

An experiment after that of Abel et al. (*On the Expressivity of Markov Reward*, NeurIPS 2021, arXiv 2111.00876): random
controlled Markov processes, random sets of acceptable policies (SOAPs), and for each the question whether some reward
R(s, a) realises it, with equal values or as a range; one property varies at a time. Each answer is exact: a reward that
is compared over *all* policies of the model, or weights on policies that the kernel accepts as a proof that there is
none. How the paper draws its processes, and its numbers, were not at hand: the draws here are our own, and only the
questions are the paper's.

Models: "dense" ones lead from each state by each action to every state, with random weights of 1 to 20; "deterministic"
ones to one random state, so that some states are never visited. All start in state 0. Unless it varies: 3 states, 2
actions, γ = 9/10, two different acceptable policies, drawn uniformly. Each task has a model of its own. Intervals are
Wilson's, at 95%.

A closed form to compare with: if γ > 0 and every state is visited under every policy, a policy that is best at the
start is best everywhere, so the best policies are a product of sets of actions, and each product is realised by R = 1
on it and 0 elsewhere. So the share of equal SOAPs of size k is the number of product sets of k policies over a binomial
coefficient; the transitions and γ play no part. Two policies are acceptable as a range only if they differ in one
state (a change that improves the worse one must give the other), so for them the two kinds have the same share.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, product
from math import comb, prod
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from scipy.stats import binomtest
from tables import RESULTS, aligned, machine, timed

from prefcore.verdicts import Proved, Refuted
from solvers.rewards.markov.markov_models import Choice, MarkovModel, deterministic_policies
from solvers.rewards.markov.tasks import KINDS, TaskAnswer, acceptable_policies, policy_order, trajectory_order

TASKS = 400  # per point
SEED = 2111_00876
TABLE, CHART = RESULTS / "expressivity.md", RESULTS / "expressivity.svg"
HEADER = (
    "varies",
    "value",
    "model",
    "states",
    "actions",
    "γ",
    "policies",
    "equal",
    "95%",
    "range",
    "95%",
    "exact, equal",
)
HALF = Fraction(1, 2)
COLOURS = {("dense", "equal"): "#1f5a94", ("dense", "range"): "#d07a1c"}
COLOURS |= {("deterministic", "equal"): "#7fa8cf", ("deterministic", "range"): "#e9bd8b"}


@dataclass(frozen=True)
class Setting:
    """What a point of the figure is about; `spread`: the number of states in which two policies differ."""

    states: int = 3
    actions: int = 2
    discount: Fraction = Fraction(9, 10)
    size: int = 2
    model: str = "dense"
    spread: int | None = None


def settings() -> Iterator[tuple[str, Any, Setting]]:
    """What varies, its value, and the setting."""
    for model in ("dense", "deterministic"):
        for n in range(2, 7):
            yield "states", n, Setting(states=n, model=model)
        for n in range(2, 7):
            yield "actions", n, Setting(actions=n, model=model)
        for n in range(1, 8):
            yield "acceptable policies", n, Setting(size=n, model=model)
        for n in range(1, 5):
            yield "states where they differ", n, Setting(states=4, spread=n, model=model)
        for discount in ("0", "1/2", "9/10", "99/100"):
            yield "discount", Fraction(discount), Setting(discount=Fraction(discount), model=model)


def random_model(setting: Setting, generator: np.random.Generator) -> MarkovModel:
    def row(_state: int, _action: int) -> dict[int, Fraction]:
        if setting.model == "deterministic":
            return {int(generator.integers(setting.states)): Fraction(1)}
        weights = generator.integers(1, 21, setting.states).tolist()
        return {s: Fraction(w, sum(weights)) for s, w in enumerate(weights)}

    return MarkovModel(tuple(range(setting.states)), tuple(range(setting.actions)), row, 0, setting.discount)


def random_task(setting: Setting, generator: np.random.Generator) -> list[Choice]:
    """Different policies; or two that differ in exactly so many states."""
    if setting.spread is None:
        chosen = generator.choice(setting.actions**setting.states, setting.size, replace=False).tolist()
        shape = (setting.actions,) * setting.states
        return [tuple(int(a) for a in np.unravel_index(i, shape)) for i in chosen]
    first = generator.integers(setting.actions, size=setting.states)
    second = first.copy()
    for s in generator.permutation(setting.states)[: setting.spread]:
        second[s] = (first[s] + generator.integers(1, setting.actions)) % setting.actions
    return [tuple(first.tolist()), tuple(second.tolist())]


def exact_share(setting: Setting) -> Fraction | None:
    """The closed form for equal SOAPs of dense models; with discount 0 later states do not count."""
    if setting.model != "dense" or not setting.discount:
        return None
    if setting.spread is not None:
        return Fraction(setting.spread == 1)
    sizes = product(range(1, setting.actions + 1), repeat=setting.states)
    products = sum(prod(comb(setting.actions, n) for n in row) for row in sizes if prod(row) == setting.size)
    return Fraction(products, comb(setting.actions**setting.states, setting.size))


def shares(setting: Setting, generator: np.random.Generator) -> dict[str, int]:
    """The number of random tasks that are expressible, of each kind."""
    found = dict.fromkeys(KINDS, 0)
    for _ in range(TASKS):
        model, policies = random_model(setting, generator), random_task(setting, generator)
        for kind in KINDS:
            answer = acceptable_policies(model, policies, kind)
            if not isinstance(answer.verdict, (Proved, Refuted)):
                raise RuntimeError(f"undecided: {answer}")
            if isinstance(answer.verdict, Proved) and not answer.complete:
                raise RuntimeError("not all policies were compared")
            found[kind] += isinstance(answer.verdict, Proved)
    return found


def interval(successes: int) -> tuple[float, float]:
    ci = binomtest(successes, TASKS).proportion_ci(method="wilson")
    return float(ci.low), float(ci.high)


# -- examples -------------------------------------------------------------------------------------------------------


def examples() -> Iterator[tuple[str, TaskAnswer]]:
    """Tasks that no Markov reward expresses, after the two SOAPs of the paper's figure 2, and some near them."""
    stay = MarkovModel(
        (0, 1), (1, 2), {(0, 1): {1: 1}, (0, 2): {0: 1}, (1, 1): {1: 1}, (1, 2): {1: 1}}, 0, Fraction(9, 10)
    )
    yield (
        "Steady state: action 2 stays in state 0, so state 1 is never seen; only (2, 1) is acceptable",
        acceptable_policies(stay, [(2, 1)]),
    )
    yield "The same, where (2, 2) is acceptable as well", acceptable_policies(stay, [(2, 1), (2, 2)])
    both = MarkovModel((0, 1), (1, 2), lambda s, a: {1 - s: 1}, 0, Fraction(9, 10))
    crossed = [(1, 2), (2, 1)]
    yield (
        "Entailment (exclusive or): both states are visited; (1, 2) and (2, 1) are acceptable",
        acceptable_policies(both, crossed),
    )
    yield "The same as a range", acceptable_policies(both, crossed, "range")
    yield "Three of the four, equal", acceptable_policies(both, [*crossed, (1, 1)])
    yield "Three of the four, as a range", acceptable_policies(both, [*crossed, (1, 1)], "range")
    yield (
        "Policy order: (1, 1) and (2, 2) below (1, 2) and (2, 1)",
        policy_order(both, strict=list(product([(1, 1), (2, 2)], crossed))),
    )
    same, other = [(0, 1, 1, 1), (0, 2, 1, 2)], [(0, 1, 1, 2), (0, 2, 1, 1)]
    yield (
        "Trajectory order: equal actions below different ones",
        trajectory_order(both, strict=list(product(same, other))),
    )


def every_set(discount: Fraction) -> tuple[int, int, int]:
    """On the entailment model: the sets of policies, and how many are expressible with equal values and as a range."""
    model = MarkovModel((0, 1), (1, 2), lambda s, a: {1 - s: 1}, 0, discount)
    policies = list(deterministic_policies(model))
    tasks = [list(some) for n in range(1, 5) for some in combinations(policies, n)]
    counts = [sum(isinstance(acceptable_policies(model, t, kind).verdict, Proved) for t in tasks) for kind in KINDS]
    return len(tasks), counts[0], counts[1]


# -- the page -------------------------------------------------------------------------------------------------------

Point = tuple[str, Any, Setting, dict[str, int]]


def row_of(point: Point) -> tuple[str, ...]:
    varies, value, setting, found = point
    cells = [varies, str(value), setting.model, str(setting.states), str(setting.actions), str(setting.discount)]
    cells.append(str(setting.size))
    for kind in KINDS:
        low, high = interval(found[kind])
        cells += [f"{found[kind] / TASKS:.3f}", f"{low:.2f}–{high:.2f}"]
    share = exact_share(setting)
    return (*cells, "" if share is None else f"{float(share):.3f}")


def draw(points: list[Point], target: Path) -> None:
    """A panel for each property: the shares with their intervals, and the closed form as a line."""
    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.hashsalt": "expressivity", "font.size": 9})
    import matplotlib.pyplot as plt

    panels = list(dict.fromkeys(varies for varies, *_ in points))
    figure, grid = plt.subplots(2, 3, figsize=(10, 6.2), sharey=True)
    axes = list(grid.flat)
    for axis, varies in zip(axes, panels, strict=False):
        values = list(dict.fromkeys(value for v, value, *_ in points if v == varies))
        for offset, (model, kind) in zip((-0.15, -0.05, 0.05, 0.15), COLOURS, strict=True):
            these = [(v, s, f) for name, v, s, f in points if name == varies and s.model == model]
            x = [values.index(v) + offset for v, _, _ in these]
            y = [f[kind] / TASKS for _, _, f in these]
            ends = [interval(f[kind]) for _, _, f in these]
            error = [[max(0.0, a - low) for a, (low, _) in zip(y, ends, strict=True)]]
            error.append([max(0.0, high - a) for a, (_, high) in zip(y, ends, strict=True)])
            marker = "o" if kind == "equal" else "s"
            axis.errorbar(x, y, error, fmt=marker, ms=4, lw=1.2, color=COLOURS[model, kind], label=f"{model}, {kind}")
        exactly = [
            (values.index(v), exact_share(s)) for name, v, s, _ in points if name == varies and s.model == "dense"
        ]
        axis.plot(*zip(*exactly, strict=True), color=COLOURS["dense", "equal"], lw=1, label="dense, equal: closed form")
        axis.set_xticks(range(len(values)), [str(v) for v in values])
        axis.set_xlabel(varies)
        axis.set_ylim(-0.03, 1.03)
        axis.spines[["top", "right"]].set_visible(False)
    for axis in grid[:, 0]:
        axis.set_ylabel("share that a Markov reward expresses")
    handles, labels = axes[0].get_legend_handles_labels()
    for axis in axes[len(panels) :]:
        axis.axis("off")
    axes[-1].legend(handles, labels, loc="center", frameon=False)
    figure.tight_layout()
    figure.savefig(target, metadata={"Date": None})
    plt.close(figure)


def page(points: list[Point], seconds: float) -> str:
    told = [f"**{title}.** {answer}" for title, answer in examples()]
    total, equal, ranged = every_set(Fraction(9, 10))
    tasks = len(points) * TASKS * len(KINDS)
    lines = [
        "# Which tasks does a Markov reward express?",
        "",
        (__doc__ or "").partition("\n\n")[2].strip(),
        "",
        "## Examples",
        "",
        "A policy is written as its actions in states 0 and 1.",
        "",
        "\n\n".join(told),
        "",
        f"Of the {total} sets of policies of the entailment model, {equal} are expressible with equal values and"
        f" {ranged} as a range.",
        "",
        "## Shares of random tasks",
        "",
        *aligned(HEADER, map(row_of, points), right=range(3, len(HEADER))),
        "",
        f"{TASKS} tasks a point, {tasks} questions in {seconds:.0f} s with all evidence checked by the kernel.",
        "",
        "![Shares](expressivity.svg)",
        "",
        machine("highspy", "python-flint", "numpy", "scipy", "matplotlib"),
        "",
    ]
    return "\n".join(lines)


def main(progress: Callable[[str], None] = lambda text: print(text, file=sys.stderr)) -> None:
    generator = np.random.default_rng(SEED)
    points: list[Point] = []
    total = 0.0
    for varies, value, setting in settings():
        seconds, found = timed(lambda setting=setting: shares(setting, generator))
        total += seconds
        points.append((varies, value, setting, found))
        progress(f"{setting.model}, {varies} {value}: {found} in {seconds:.1f} s")
    draw(points, CHART)
    TABLE.write_text(page(points, total), encoding="utf-8")
    print(TABLE.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
