"""The games between published policies: who is unbeaten among the methods that two papers compared.

NLHF's Table 1 (2312.00886v4): win rates of policies trained for summaries, judged by PaLM 2, 2000 comparisons a cell,
95 % intervals within ±.023. Its entries against SFT and RLHF, and eight of those of Nash-MD1 (β = .125), were to be had
(from public notes that quote them); for the others any number is tried: a Condorcet winner does not depend on them.
IPO-MD's Table 2 (2403.08635) is whole; its standard deviations are of nine comparisons.
"""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
from reproduction import publish
from tables import aligned

from solvers.games.exact.rational import exact_von_neumann_winner
from solvers.games.game import PreferenceGame, exact_exploitability

# How often the column is preferred to the row's policy, as printed.
OVER_SFT = {
    "RLHF": ".990",
    "SP": ".983",
    "MD1": ".982",
    "MD2": ".989",
    "MD3": ".987",
    "MD4": ".985",
    "BR": ".943",
    "EMA2*": ".980",
}
OVER_RLHF = {"SP": ".489", "MD1": ".598", "MD2": ".519", "MD3": ".561", "MD4": ".501", "BR": ".148", "EMA2*": ".510"}
MD1_OVER = {"SP": ".592", "MD2": ".575", "MD3": ".530", "MD4": ".631", "BR": ".837", "EMA2*": ".553"}
INTERVAL = Fraction(23, 1000)
POLICIES = ("SFT", *OVER_SFT)

IPO_MD = ("IPO", "IPO-MD", "DPO", "Nash-MD-PG", "SLiC", "RL")
UPPER = (  # of the row over the columns after it: mean, standard deviation, in thousandths
    ((515, 24), (608, 38), (621, 30), (608, 25), (791, 12)),
    ((600, 28), (608, 26), (594, 20), (778, 4)),
    ((520, 41), (493, 40), (727, 20)),
    ((479, 29), (729, 20)),
    ((728, 10),),
)
RUNS = 9  # comparisons of which those are the standard deviations
DRAWS = 200
Wins = dict[tuple[int, int], Fraction]


def published() -> Wins:
    """How often i is preferred to j, where that is known."""
    wins: Wins = {}

    def said(winner: str, loser: str, share: str) -> None:
        i, j = POLICIES.index(winner), POLICIES.index(loser)
        wins[i, j], wins[j, i] = Fraction(share), 1 - Fraction(share)

    for name, share in OVER_SFT.items():
        said(name, "SFT", share)
    for name, share in OVER_RLHF.items():
        said(name, "RLHF", share)
    for name, share in MD1_OVER.items():
        said("MD1", name, share)
    return wins


def completed(wins: Wins, size: int, generator: np.random.Generator, lowered: int | None = None) -> PreferenceGame:
    """The game with any numbers where none are known; `lowered`: a policy whose own are at the interval's lower end."""
    half = Fraction(1, 2)
    P = [[half] * size for _ in range(size)]
    for i in range(size):
        for j in range(i):
            share = wins.get((i, j), Fraction(int(generator.integers(0, 1001)), 1000))
            share -= INTERVAL * ((i == lowered) - (j == lowered))
            P[i][j], P[j][i] = share, 1 - share
    return PreferenceGame(P, labels=POLICIES)


def summaries() -> Wins:
    """IPO-MD's Table 2."""
    return {(i, i + 1 + k): Fraction(mean, 1000) for i, row in enumerate(UPPER) for k, (mean, _) in enumerate(row)}


def drawn(generator: np.random.Generator | None) -> PreferenceGame:
    """Table 2's game; with a generator, each mean drawn again with its standard error."""
    size, half = len(IPO_MD), Fraction(1, 2)
    P = [[half] * size for _ in range(size)]
    for i, row in enumerate(UPPER):
        for j, (mean, deviation) in enumerate(row, i + 1):
            error = 0 if generator is None else round(generator.normal(0, deviation / RUNS**0.5))
            P[i][j] = Fraction(mean + error, 1000)
            P[j][i] = 1 - P[i][j]
    return PreferenceGame(P, labels=IPO_MD)


def winners(game: PreferenceGame) -> tuple[str, ...]:
    """The policies that the exact von Neumann winner plays."""
    return tuple(str(game.label(i)) for i in exact_von_neumann_winner(game).support)


def rate(wins: Wins, i: int, j: int) -> str:
    return f"{float(wins[i, j]):.3f}" if (i, j) in wins else ""


def document(quick: bool, chart: Path) -> tuple[list[str], bool]:
    generator = np.random.default_rng(2312)
    wins, size, best = published(), len(POLICIES), POLICIES.index("MD1")
    draws = DRAWS // 10 if quick else DRAWS
    found = {winners(completed(wins, size, generator, lowered)) for _ in range(draws) for lowered in (None, best)}
    point = [Fraction(int(i == best)) for i in range(size)]
    gaps = {exact_exploitability(completed(wins, size, generator), point) for _ in range(draws)}
    rows = [
        (name, *(rate(wins, i, POLICIES.index(other)) for other in ("SFT", "RLHF")), rate(wins, best, i))
        for i, name in enumerate(POLICIES)
    ]
    table = drawn(None)
    exact = exact_von_neumann_winner(table)
    often = [winners(drawn(generator)) for _ in range(draws)]
    shares = [(" + ".join(names), often.count(names) / draws) for names in sorted(set(often), key=often.count)[::-1]]
    unknown = (size * (size - 1) - len(wins)) // 2
    right = found == {("MD1",)} and gaps == {Fraction(0)} and exact.support == (0,) and exact.unique
    lines = [
        "# The games between published policies",
        "",
        "## NLHF's Table 1",
        "",
        "Win rates over SFT, over RLHF, and of Nash-MD1 (β = .125) over each (2312.00886v4; PaLM 2 as the judge).",
        "",
        *aligned(("policy", "over SFT", "over RLHF", "MD1 over it"), rows, range(1, 4)),
        "",
        f"The {unknown} other pairs were not to be had (nor were MD5, MD6, EMA1, EMA2 and EMA1*, which MD1 beats, too,",
        f"as is said of the table); {draws} times they were drawn anyhow, and the exact, certified winner was",
        "always Nash-MD1 alone, a Condorcet winner, even with all its win rates at the lower end of their 95 %",
        "intervals (-.023)." if found == {("MD1",)} else f"intervals (-.023): NO, {found}.",
        "",
        "## IPO-MD's Table 2",
        "",
        f"2403.08635. By the means the winner is {' + '.join(winners(table))} alone, a Condorcet winner, too. With",
        f"each mean drawn anew with its standard error (of {RUNS} comparisons, as if they were independent),",
        f"{draws} times: {', '.join(f'{names} {share:.1%}' for names, share in shares)}.",
        "",
        "As published." if right else "DISAGREES.",
    ]
    return lines, right


if __name__ == "__main__":
    sys.exit(publish(__doc__, "meta_game", document, "python-flint"))
