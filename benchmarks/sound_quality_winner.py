"""Which reproduction of music do listeners prefer? The von Neumann winner of real answers, with bootstrap intervals.

Choisel and Wickelmaier (2007, *Evaluation of multichannel reproduced sound*) let listeners compare eight reproductions
of twelve musical excerpts in pairs; `sound_quality.csv` has 21,924 forced choices with the listener of each, before and
after other tasks (``judge,context,winner,loser,tie``). Intervals are computed twice: listeners drawn with all of their
answers, before and after, and answers drawn one by one. Every winner's gap is recomputed from its probabilities.
"""

from __future__ import annotations

import argparse
import csv
import sys
from pathlib import Path

import numpy as np
from tables import RESULTS, aligned, machine

from prefcore.certificates import write_atomically
from solvers.games.building.builders import game_from_counts
from solvers.games.exact.rational import exact_von_neumann_winner
from solvers.games.game import PreferenceGame, exploitability
from solvers.games.social_choice.majorities import condorcet_winner, smith_set
from solvers.games.social_choice.winner_intervals import Unit, WinnerInterval, winner_interval
from solvers.rewards.data_sets.tally import Judgement
from solvers.rewards.pairwise.win_counts import comparison_counts

DATA = Path(__file__).parent.parent.parent / "shared" / "data" / "sound_quality.csv"
OUT = RESULTS / "sound_quality_winner.md"
SEED, TIMES = 5, 2000
CALLED: dict[Unit, str] = {"judges": "listeners", "answers": "answers"}


def read(path: Path) -> list[Judgement]:
    """The answers; there are no ties among them."""
    with path.open(encoding="utf-8", newline="") as lines:
        return [
            Judgement(row["winner"], row["loser"], row["tie"] == "1", listener(row["judge"]), row["context"])
            for row in csv.DictReader(lines)
        ]


def listener(judge: str) -> str:
    """Who "04-before" is, and "04-after"."""
    return judge.partition("-")[0]


def game_of_answers(answers: list[Judgement]) -> PreferenceGame:
    """The exact game of all answers."""
    return game_from_counts(comparison_counts((a.winner, a.loser) for a in answers))


def span(low: float, high: float) -> str:
    return f"{low:.3f} to {high:.3f}"


def overall(game: PreferenceGame, intervals: dict[Unit, WinnerInterval]) -> list[str]:
    """A row for each reproduction, the likeliest first."""
    exact = exact_von_neumann_winner(game)
    rows = []
    for i in sorted(range(game.size), key=lambda k: (-exact.policy[k], str(game.label(k)))):
        row = [str(game.label(i)), str(exact.policy[i]), f"{float(exact.policy[i]):.4f}"]
        for found in intervals.values():
            at = found.labels.index(game.label(i))
            row += [span(found.lower[at], found.upper[at]), f"{found.wins_alone[at]:.0%}"]
        rows.append(row)
    header = ["reproduction", "exactly", "probability"]
    for unit in intervals:
        header += [f"95%, {CALLED[unit]} drawn", "wins alone"]
    return aligned(header, rows, range(1, len(header)))


def by_excerpt(answers: list[Judgement], generator: np.random.Generator) -> list[str]:
    """A row for each excerpt: who wins, and how sure that is."""
    rows = []
    for excerpt in sorted({str(a.context) for a in answers}):
        these = [a for a in answers if a.context == excerpt]
        found = winner_interval(these, generator, TIMES // 4)
        order = np.argsort(-found.policy, kind="stable")
        played = [k for k in order.tolist() if found.policy[k] > 0]
        rows.append(
            (
                excerpt,
                ", ".join(f"{found.labels[k]} {found.policy[k]:.3f}" for k in played),
                ", ".join(span(found.lower[k], found.upper[k]) for k in played),
                f"{found.gap:.0e}",
            )
        )
    return aligned(("excerpt", "von Neumann winner", "95%, listeners drawn", "largest gap"), rows, range(3, 4))


def document(path: Path) -> tuple[str, bool]:
    """The page, and whether every winner passed the judge."""
    answers = read(path)
    game = game_of_answers(answers)
    labels = [str(game.label(i)) for i in range(game.size)]
    intervals: dict[Unit, WinnerInterval] = {}
    for unit in CALLED:
        intervals[unit] = winner_interval(answers, np.random.default_rng(SEED), TIMES, resample=unit)
    exact = exact_von_neumann_winner(game)
    agree = all(
        np.allclose(found.policy, [float(exact.policy[labels.index(str(x))]) for x in found.labels], atol=1e-9)
        for found in intervals.values()
    )
    gap = exploitability(game, exact.policy)
    top = condorcet_winner(game)
    support = [labels[i] for i in exact.support]
    listeners = {a.judge for a in answers}
    right = agree and gap == 0 and all(found.converged for found in intervals.values())
    cycle = [
        f"{labels[i]} over {labels[j]}: {float(game.preferences[i, j]):.4f}"
        for i in exact.support
        for j in exact.support
        if game.preferences[i, j] > 0.5
    ]
    page = "\n".join(
        [
            "# The von Neumann winner of listeners' preferences among reproductions of music",
            "",
            f"{len(answers):,} answers of {len(listeners)} listeners on eight reproductions of twelve excerpts.",
            f"Condorcet winner: {'none' if top is None else labels[top]}. "
            f"Smith set: {', '.join(labels[i] for i in smith_set(game))}. "
            f"The winner is {'the only one' if exact.unique else 'not the only one'}, and its gap exactly {gap:g}.",
            *([f"Its support, {', '.join(support)}, is a cycle: {'; '.join(cycle)}."] if len(support) > 1 else []),
            "",
            *overall(game, intervals),
            "",
            f"{TIMES:,} data sets each, seed {SEED}; the largest gap of all their winners is "
            f"{max(found.gap for found in intervals.values()):.0e}.",
            '"Wins alone": in how many data sets it is the winner with probability 1. Majorities as thin as these turn',
            "around by chance, and the winner with them: the data do not tell which of the first three it is; the",
            "others get little or nothing of it.",
            "",
            "## Excerpt by excerpt",
            "",
            *by_excerpt(answers, np.random.default_rng(SEED)),
            "",
            "The exact winner and those of the intervals agree." if agree else "DISAGREEMENT with the exact winner.",
            "",
            machine("numpy", "scipy"),
            "",
        ]
    )
    return page, right


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, default=DATA, help="the answers, as CSV")
    parser.add_argument("--out", type=Path, default=OUT, help="the Markdown file to write")
    options = parser.parse_args()
    page, right = document(options.data)
    print(page, end="")
    write_atomically(options.out, page)
    return int(not right)


if __name__ == "__main__":
    sys.exit(main())
