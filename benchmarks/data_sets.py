"""Recorded choices that no expected utility explains: exact weights against ``test_expected_utility``.

The peer is prefgraph's ``test_expected_utility``. Each choice is between two lotteries R (rejected) and C (chosen), and
comes in two readings:

* strict, C ≻ R: there is no utility at all if and only if there are weights w >= 0, not all zero, with
  ``Σ w (R - C) = 0`` (Motzkin's transposition; Fishburn 1975): exchanges that the chooser welcomes one by one, and that
  cancel out together;
* weak, C ≽ R by a strictly increasing utility of money, as prefgraph's documentation has it: there is none if and only
  if there are weights w >= 0 for which ``Σ w (R - C)`` moves probability upwards, and somewhere strictly (it dominates
  at first order).

The two alternatives exclude each other, so each answer is certified: by weights, or by a utility. ``recover_utility``
finds either and has the kernel check it; plain arithmetic with fractions checks it here once more.

The first three sets are the classical ones: a strict cycle, and Allais' paradoxes; a fourth is a cycle on which
prefgraph sees something. Read weakly each of these has a utility that is indifferent throughout, so three more follow
in which what was rejected is a little better than that; no increasing utility explains them in either reading.
``pc.check`` is asked what it says, on the menu of these lotteries, of the relation that has the recorded strict
preferences and no others; where consistency turns on a comparison that was not recorded, it is asked all three ways.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial, reduce
from itertools import accumulate, pairwise
from operator import or_
from pathlib import Path
from typing import Any

from tables import RESULTS, aligned, machine, repeated, timed

import prefcore as pc
from prefcore.certificates import write_atomically
from prefcore.comparisons import Comparisons
from solvers.rewards.utilities import recover_utility

OUT = RESULTS / "data_sets.md"
HEADER = ("data set", "choices", "prefgraph says", "read strictly", "read weakly", "prefgraph s", "ours s", "ratio")


@dataclass(frozen=True, slots=True)
class Choice:
    """Payoffs of the chosen and of the rejected option in each state, and the states' probabilities in hundredths."""

    chosen: tuple[int, ...]
    rejected: tuple[int, ...]
    hundredths: tuple[int, ...]

    def lottery(self, payoffs: tuple[int, ...]) -> pc.Distribution:
        total: dict[int, Fraction] = {}
        for payoff, share in zip(payoffs, self.hundredths, strict=True):
            total[payoff] = total.get(payoff, Fraction(0)) + Fraction(share, 100)
        return pc.Distribution(total)

    @property
    def pair(self) -> tuple[pc.Distribution, pc.Distribution]:
        """The rejected and the chosen lottery."""
        return self.lottery(self.rejected), self.lottery(self.chosen)


TICKETS = (1, 10, 89)
HALVES = (50, 50)
DATA_SETS: dict[str, tuple[Choice, ...]] = {
    "strict cycle of three": (
        Choice((40, 40), (0, 100), HALVES),
        Choice((0, 100), (10, 80), HALVES),
        Choice((10, 80), (40, 40), HALVES),
    ),
    "Allais, common consequence": (  # a million for certain; yet 5 million at 10 in 100 rather than 1 at 11 in 100
        Choice((1, 1, 1), (0, 5, 1), TICKETS),
        Choice((0, 5, 0), (1, 1, 0), TICKETS),
    ),
    "Allais, common ratio": (  # 3000 for certain rather than 4000 at 80 in 100; yet not at a quarter of the chances
        Choice((3000, 3000), (4000, 0), (80, 20)),
        Choice((4000, 0, 0), (3000, 3000, 0), (20, 5, 75)),
    ),
    "strict cycle, one payoff the mean of others": (  # prefgraph mixes payoffs, where independence mixes probabilities
        Choice((40, 40), (0, 100), HALVES),
        Choice((0, 100), (20, 70), HALVES),
        Choice((20, 70), (40, 40), HALVES),
    ),
    "cycle, the rejected better by 1": (
        Choice((40, 40), (1, 100), HALVES),
        Choice((0, 100), (11, 80), HALVES),
        Choice((10, 80), (41, 40), HALVES),
    ),
    "common consequence, 12 in 100": (
        Choice((1, 1, 1), (0, 5, 1), TICKETS),
        Choice((0, 5, 0, 0), (1, 1, 1, 0), (1, 10, 1, 88)),
    ),
    "common ratio, 26 in 100": (
        Choice((3000, 3000), (4000, 0), (80, 20)),
        Choice((4000, 0, 0), (3000, 3000, 0), (20, 6, 74)),
    ),
}
# Is there no utility, read strictly and weakly? From the constructions above.
KNOWN = dict(zip(DATA_SETS, ((True, False),) * 4 + ((False, True),) * 3, strict=True))


# -- ours -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Weights:
    """One weight a choice: the weighted choices contradict each other."""

    values: tuple[Fraction, ...]

    def __str__(self) -> str:
        return f"refuted by {', '.join(map(str, self.values))}"


@dataclass(frozen=True, slots=True)
class Utility:
    """A utility that explains the choices."""

    values: tuple[tuple[int, Fraction], ...]

    def __str__(self) -> str:
        return f"u = {', '.join(f'{x}: {u}' for x, u in self.values)}"


def payoffs_of(choices: Sequence[Choice]) -> list[int]:
    return sorted({x for choice in choices for x in (*choice.chosen, *choice.rejected)})


def losses(choices: Sequence[Choice]) -> list[list[Fraction]]:
    """``R - C`` of each choice, over the payoffs in their order."""
    payoffs = payoffs_of(choices)
    return [[rejected[x] - chosen[x] for x in payoffs] for rejected, chosen in (choice.pair for choice in choices)]


def explain(choices: Sequence[Choice], strictly: bool) -> Weights | Utility:
    """Weights, or else a utility, by ``recover_utility``; checked here once more.

    Read weakly, every choice is a weak comparison, and that utility increases a strict one of neighbouring payoffs.
    """
    differences, payoffs = losses(choices), payoffs_of(choices)
    pairs = [choice.pair for choice in choices]
    if strictly:
        data = Comparisons(pairs, outcomes=payoffs)
    else:
        points = [pc.Distribution.point(x) for x in payoffs]
        data = Comparisons(pairwise(points), pairs, payoffs)
    answer = recover_utility(data)
    if answer.weights is not None:
        chosen = answer.weights[-len(pairs) :]
        weights = tuple(w / sum(chosen) for w in chosen)
        assert refutes(weights, differences, strictly), "these weights refute nothing"
        return Weights(weights)
    assert answer.utility is not None, answer
    assert explains(tuple(answer.utility.values()), differences, strictly), "this utility explains nothing"
    return Utility(tuple(answer.utility.items()))


def refutes(weights: Sequence[Fraction], differences: Sequence[Sequence[Fraction]], strictly: bool) -> bool:
    """Whether weights show that there is no utility, in exact arithmetic."""
    columns = zip(*differences, strict=True)
    moved = [sum((w * d for w, d in zip(weights, column, strict=True)), Fraction(0)) for column in columns]
    if any(w < 0 for w in weights) or not any(weights):
        return False
    upwards = list(accumulate(reversed(moved)))
    return not any(moved) if strictly else all(x >= 0 for x in upwards) and any(upwards)


def explains(utility: Sequence[Fraction], differences: Sequence[Sequence[Fraction]], strictly: bool) -> bool:
    """Whether a utility agrees with each choice, in exact arithmetic."""
    gains = [-sum((x * u for x, u in zip(d, utility, strict=True)), Fraction(0)) for d in differences]
    if strictly:
        return all(x > 0 for x in gains)
    return all(x >= 0 for x in gains) and all(x < y for x, y in pairwise(utility))


# -- what the axioms say --------------------------------------------------------------------------------------------


Pair = tuple[pc.Distribution, pc.Distribution]


def recorded(pairs: Sequence[Pair]) -> pc.Relation[Any]:
    """R ≺ C for each recorded pair, and everything else indifferent: nothing else was recorded."""

    @pc.relation
    def relation(A: Any, B: Any) -> Any:
        return ~reduce(or_, [(chosen == A) & (rejected == B) for rejected, chosen in pairs])

    return relation


def axioms(name: str) -> list[str]:
    """What ``pc.check`` says of a classical data set on the menu of its lotteries, in words."""
    pairs = [choice.pair for choice in DATA_SETS[name]]
    menu = list(dict.fromkeys(x for pair in pairs for x in pair))
    nothing = pc.Distribution.point(0)
    if name == "Allais, common consequence":
        # The bets are mixtures of one million, or of 5 million at 10 in 11, with one million or with nothing.
        one, bet = pc.Distribution.point(1), pc.Distribution({5: Fraction(10, 11), 0: Fraction(1, 11)})
        more: dict[str, tuple[Pair, ...]] = {
            "the bet ~ a million": (),
            "the bet ≺ a million": ((bet, one),),
            "a million ≺ the bet": ((one, bet),),
        }
        return [
            f"{name}, if {words}: {said([*pairs, *pair], [*menu, bet, nothing], 'consistent')}"
            for words, pair in more.items()
        ]
    axiom = "consistent" if name == "Allais, common ratio" else "acyclic"
    return [f"{name}: {said(pairs, [*menu, nothing], axiom)}"]


def said(pairs: Sequence[Pair], menu: Sequence[pc.Distribution], axiom: str) -> str:
    return f"{axiom} is {spoken(pc.check(recorded(pairs), menu=menu, axioms=[axiom])[axiom])}"


def spoken(verdict: object) -> str:
    if isinstance(verdict, pc.Unknown):
        return f"unknown: {verdict.reason}"
    if isinstance(verdict, pc.Proved):
        return "proved"
    assert isinstance(verdict, pc.Refuted)
    found = verdict.evidence
    if isinstance(found, pc.Cycle):
        return f"refuted by {' ≺ '.join(map(tickets, (*found.lotteries, found.lotteries[0])))}"
    assert isinstance(found, pc.Counterexample)
    named = zip("ABC", (found.A, found.B, found.C), strict=True)
    points = ", ".join(f"{letter} = {tickets(x)}" for letter, x in named if x is not None)
    return f"refuted by {points}, α = {found.alpha}"


def tickets(lottery: pc.Distribution) -> str:
    return "{" + ", ".join(f"{x}: {p}" for x, p in lottery.items()) + "}"


# -- the peer -------------------------------------------------------------------------------------------------------


def ask_prefgraph(choices: Sequence[Choice]) -> Any:
    import numpy as np
    from prefgraph import test_expected_utility
    from prefgraph.contrib.risk import LotteryChoice

    listed = [
        LotteryChoice(
            outcomes=np.array([c.chosen, c.rejected], dtype=float),
            probabilities=np.array(c.hundredths) / 100,
            chosen=0,
        )
        for c in choices
    ]
    return test_expected_utility(listed)


# -- the table ------------------------------------------------------------------------------------------------------


def explain_both(choices: Sequence[Choice]) -> list[Any]:
    """Our answers when comparisons are read strictly, and weakly."""
    return [explain(choices, strictly) for strictly in (True, False)]


def document() -> tuple[str, bool]:
    """The whole page, and whether our answers are the known ones."""
    for choices in DATA_SETS.values():  # loads the libraries
        ask_prefgraph(choices)
        explain(choices, True)
    rows, wrong, missed = [], [], 0
    for name, choices in DATA_SETS.items():
        theirs, result = repeated(partial(timed, partial(ask_prefgraph, choices)))
        seconds, both = repeated(partial(timed, partial(explain_both, choices)))
        refuted = tuple(isinstance(x, Weights) for x in both)
        if refuted != KNOWN[name]:
            wrong.append(f"DISAGREEMENT: {name}: refuted (strictly, weakly) {refuted}, known {KNOWN[name]}")
        missed += bool(result.is_consistent) and any(refuted)
        cells = (str(result), *map(str, both), f"{theirs:.5f}", f"{seconds:.5f}", f"{seconds / theirs:.0f}")
        rows.append((name, str(len(choices)), *cells))
    page = "\n".join(
        [
            "# Choices that no expected utility explains, against prefgraph's `test_expected_utility`",
            "",
            "Ours: both readings, each decided by exact weights (one a choice) or by a utility. prefgraph's words are",
            "its own; `is_consistent` is what they say.",
            "",
            *aligned(HEADER, rows, range(5, len(HEADER))),
            "",
            "In the fourth it sees that a vector of payoffs is a mean of two; but lotteries mix by probabilities.",
            f"prefgraph calls {missed} of {len(rows)} consistent that are refuted by weights in at least one reading.",
            "In the last three the rejected options are so much better that even weak preference is impossible for an",
            "increasing utility, which is the reading of prefgraph's documentation.",
            "",
            "What `pc.check` says, on the menu of these lotteries, of the relation with these strict preferences only:",
            "",
            *(f"* {line}" for name in list(DATA_SETS)[:3] for line in axioms(name)),
            "",
            *(wrong or ["Every answer of ours is the known one, and its weights or utility are checked exactly."]),
            "",
            machine("prefgraph", "z3-solver", "highspy", "python-flint"),
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
