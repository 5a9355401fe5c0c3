"""Games from what there is: a preference function, pairwise counts, voters, scores, factors.

Each builder checks its source and names the pair that is at fault by its labels. What is exact stays exact: shares of
whole counts and of voters are fractions. What is low rank stays low rank: scores and factors are never multiplied out.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import chain
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import issparse
from tqdm import tqdm

from solvers.arguments import real_array, real_number
from solvers.games.building.exact_games import Whole, margin_game, require_pairs
from solvers.games.first_order.loop import DELAY
from solvers.games.game import WITHIN, PreferenceGame, game_of, without_frame
from solvers.games.payoffs import Array, Dense, Factored
from solvers.rewards.pairwise.win_counts import WinCounts, read_counts

LINKS = ("identity", "logistic")
MOST_VOTES = 2**53  # up to which whole numbers are exact in float64


def game_from_function(
    trajectories: Iterable[Any],
    preference: Callable[[Any, Any], Any],
    *,
    both_orders: bool = True,
    labels: Sequence[Any] | None = None,
    progress: bool | None = None,
) -> PreferenceGame:
    """The game of a function of two trajectories: ``preference(x, y)`` is the probability that x is preferred to y.

    With `both_orders` all N² ordered pairs are evaluated, and ``preference(x, y) + preference(y, x)`` must be 1 (so
    that it is 1/2 of two that are the same): exactly for int, Fraction, Decimal and text such as "1/3", which make the
    game exact, within 1e-12 for floats. Without, only the ``N (N - 1) / 2`` pairs in the order of the trajectories
    are, and the function is taken at its word. labels: by default the trajectories. progress: a bar; by default one
    where the output is a terminal. Raises ``ValueError`` naming the pair, ``TypeError`` for an answer that is no
    number, and ``GameTooLarge`` before the function is called.
    """
    if not callable(preference):
        raise TypeError(f"preference must be a function of two trajectories, got {preference!r}")
    listed = _listed(trajectories, "trajectories")
    names = listed if labels is None else tuple(labels)
    n = len(listed)
    if len(names) != n:
        raise ValueError(f"labels: {len(names)} for {n} trajectories; give one for each")
    require_pairs(n)
    A = np.zeros((n, n))
    exact: list[list[Fraction]] | None = [[Fraction(0)] * n for _ in range(n)]
    asymmetry = 0.0
    half = Fraction(1, 2)

    def asked(i: int, j: int) -> Fraction | float:
        return _probability(preference(listed[i], listed[j]), names[i], names[j])

    disable = None if progress is None else not progress
    for i in tqdm(range(n), desc="pairs", disable=disable, delay=DELAY, leave=False):
        for j in range(i if both_orders else i + 1, n):
            p = asked(i, j)
            q = 1 - p if not both_orders else p if i == j else asked(j, i)
            off = p + q - 1
            wrong = bool(off) if isinstance(off, Fraction) else abs(off) > WITHIN
            if wrong and i == j:
                raise ValueError(f"preference({names[i]!r}, {names[i]!r}) is {p}: of two that are the same it is 1/2")
            if wrong:
                raise ValueError(
                    f"preference: {names[i]!r} to {names[j]!r} has probability {p}, {names[j]!r} to {names[i]!r} {q}, "
                    f"which sums to {p + q}, not 1; to average both orders, pass "
                    "lambda x, y: (preference(x, y) + 1 - preference(y, x)) / 2"
                )
            if i == j:
                continue
            asymmetry = max(asymmetry, abs(float(off)))
            A[i, j] = (p - q) / 2
            if exact is not None and isinstance(off, Fraction):
                exact[i][j], exact[j][i] = Fraction(p) - half, Fraction(q) - half
            else:
                exact = None
    return _dense(A - A.T, None if exact is None else tuple(map(tuple, exact)), names, asymmetry)


def game_from_counts(
    wins: Any,
    ties: Any = None,
    *,
    unseen: Fraction | float | None = None,
    labels: Sequence[Any] | None = None,
) -> PreferenceGame:
    """The game of pairwise counts: ``P[i, j]`` is the share of comparisons of i and j that i won; a tie is half a win.

    wins: a square matrix, dense or sparse, of how often i was preferred to j, or the ``(items, counts)`` that
    :func:`solvers.comparison_counts` returns, or a data frame; then the items are the labels. ties: symmetric, how
    often neither was. Whole counts make an exact game. unseen: ``Fraction(1, 2)`` takes pairs that were never compared
    for ties; by default they are an error, which names the first. Raises ``ValueError`` and ``TypeError`` for what are
    no counts, and ``ValueError`` for data frames whose rows and columns are not the same items in the same order.
    """
    items: Sequence[Any] | None = None
    if isinstance(wins, tuple) and len(wins) == 2 and issparse(wins[1]):
        items, wins = wins
    wins, items = without_frame(wins, "wins", items)
    ties, others = without_frame(ties, "ties", None)
    if items is not None and others is not None and list(items) != list(others):
        raise ValueError(
            f"ties: its items are {list(others)[:5]}…, those of wins {list(items)[:5]}…; put them in order"
        )
    items = others if items is None else items
    labels = items if labels is None else labels
    counts = read_counts(wins, ties, empty=True)
    if labels is not None and len(labels) != counts.size:
        raise ValueError(f"labels: {len(labels)} for {counts.size} items; give one for each")
    return shares_game(counts, labels, unseen)


def game_from_voters(
    rankings: Iterable[Iterable[Any]] | None = None,
    *,
    utilities: ArrayLike | None = None,
    votes: Sequence[int] | None = None,
    majorities: bool = False,
    labels: Sequence[Hashable] | None = None,
) -> PreferenceGame:
    """The exact game of voters: ``P[i, j]`` is the share of them that prefer i to j; one who is indifferent is half.

    rankings: of all alternatives, the best first, from each voter; a set or list in a ranking holds what is tied.
    Or utilities: ``(voters, N)``, more is better. votes: how many voters cast each ballot. majorities: P is 1 where
    more voters prefer i than j, 0 where fewer do, 1/2 else, as in Fishburn's C1 rules. labels: the alternatives, in
    the order of the rows; by default as the first ranking lists them, those in a set of it as the next rankings do, or
    by type and ``repr``. Raises ``ValueError``, naming the ballot, and ``TypeError`` for a set where order matters.
    """
    if (rankings is None) is (utilities is None):
        raise ValueError("give rankings, or utilities=")
    names = None if labels is None else tuple(labels)
    if rankings is not None:
        names, worth = _ranked(rankings, names)
    else:
        worth = real_array(utilities, "utilities")
        if worth.ndim != 2 or not worth.size:
            raise ValueError(f"utilities: has shape {worth.shape}; give a row for each voter, a column for each action")
        if not np.isfinite(worth).all():
            v, i = np.argwhere(~np.isfinite(worth))[0].tolist()
            raise ValueError(f"utilities: that of action {i} to voter {v} is {worth[v, i]}; give finite numbers")
    weights = [1] * len(worth) if votes is None else [_votes(w, v) for v, w in enumerate(votes)]
    if len(weights) != len(worth):
        raise ValueError(f"votes: {len(weights)} for {len(worth)} ballots; give one for each")
    if sum(weights) > MOST_VOTES:
        raise ValueError(f"votes: add up to {sum(weights):,}, more than 2**53")
    n = worth.shape[1]
    require_pairs(n)
    ahead: Whole = np.zeros((n, n), dtype=np.int64)
    for row, weight in zip(worth, weights, strict=True):
        ahead += weight * (row[:, None] > row)
    margins = ahead - ahead.T
    return margin_game(np.sign(margins) if majorities else margins, 1 if majorities else sum(weights), names)


def game_from_scores(scores: ArrayLike, labels: Sequence[Any] | None = None) -> PreferenceGame:
    """Bradley and Terry's game of log-strengths: ``P[i, j] = σ(s_i - s_j)``, from N numbers; no matrix is made.

    The best score wins: its point mass is a von Neumann winner. Raises ``ValueError`` unless all are finite.
    """
    s = real_array(scores, "scores")
    if s.ndim != 1 or not s.size:
        raise ValueError(f"scores: has shape {s.shape}; give one number for each action")
    bad = np.flatnonzero(~np.isfinite(s))
    if len(bad):
        raise ValueError(f"scores: that of action {bad[0]} is {s[bad[0]]}; give finite numbers")
    return low_rank_game(np.column_stack([s, np.ones(len(s))]), [[0, 1], [-1, 0]], "logistic", labels)


def low_rank_game(
    factors: ArrayLike,
    skew: ArrayLike,
    link: Literal["identity", "logistic"],
    labels: Sequence[Any] | None = None,
) -> PreferenceGame:
    """``P[i, j] = σ(u_i · S · u_j)`` ("logistic"), or payoffs ``A[i, j] = u_i · S · u_j`` ("identity").

    factors: u, ``(N, r)``; skew: S, ``(r, r)``, ``S = -Sᵀ``, exactly. The matrix is not stored. With the identity A
    may be of any size. Raises ``ValueError`` naming the entry.
    """
    u, S = (_finite(real_array(x, name), name) for x, name in ((factors, "factors"), (skew, "skew")))
    if u.ndim != 2 or not u.size:
        raise ValueError(f"factors: has shape {u.shape}; give a row for each action")
    if S.shape != (u.shape[1],) * 2:
        raise ValueError(f"skew: has shape {S.shape}; factors of rank {u.shape[1]} need {(u.shape[1],) * 2}")
    off = np.argwhere(S + S.T != 0)
    if len(off):
        i, j = off[0].tolist()
        raise ValueError(f"skew: S[{i}, {j}] + S[{j}, {i}] = {S[i, j] + S[j, i]:g}, not 0; pass (S - S.T) / 2")
    if link not in LINKS:
        raise ValueError(f"link: must be 'identity' or 'logistic', got {link!r}")
    widest = np.abs(u).max(axis=0)
    with np.errstate(over="ignore"):
        if not np.isfinite(widest @ np.abs(S) @ widest):
            raise ValueError("factors: their products are beyond all floats (1.8e308); scale them down")
    for array in (u, S):
        array.setflags(write=False)
    return game_of(Factored(u, S, link), labels=labels)


def shares_game(
    counts: WinCounts, labels: Sequence[Any] | None = None, unseen: Fraction | float | None = None
) -> PreferenceGame:
    """:func:`game_from_counts` of counts that have been read; pairs without a comparison may be listed."""
    if unseen is not None and unseen != Fraction(1, 2):
        raise ValueError(
            f"unseen: only 1/2 treats both items of a pair alike, got {unseen!r}; leave it out to be told of such pairs"
        )
    require_pairs(counts.size)
    if unseen is None and len(counts.i) < counts.size * (counts.size - 1) // 2:
        i, j = (k if labels is None else labels[k] for k in _first_unseen(counts))
        raise ValueError(
            f"wins: {i!r} and {j!r} were never compared; pass unseen=Fraction(1, 2) to take such pairs for ties, or "
            "leave items out"
        )
    parts = (counts.wins, counts.losses, counts.ties)
    if all((x == np.rint(x)).all() and x.max(initial=0) <= MOST_VOTES for x in parts):
        margins, totals = _matrices(counts, np.int64)
        return margin_game(margins, np.maximum(totals, 1), labels)
    margins, totals = _matrices(counts, np.float64)
    return _dense(margins / (2 * np.where(totals > 0, totals, 1)), None, labels)


# -- parts ----------------------------------------------------------------------------------------------------------


def _listed(values: Iterable[Any], name: str) -> tuple[Any, ...]:
    if isinstance(values, str | bytes | set | frozenset) or not isinstance(values, Iterable):
        raise TypeError(f"{name} must be a sequence, got {values!r}")
    listed = tuple(values)
    if not listed:
        raise ValueError(f"{name} must hold one or more")
    return listed


def _probability(value: Any, x: Any, y: Any) -> Fraction | float:
    what = f"preference({x!r}, {y!r})"
    number: Fraction | float
    if isinstance(value, bool | np.bool_):
        raise TypeError(f"{what} is {value!r}: return a probability: 1, 0, or Fraction(1, 2) of a tie")
    if isinstance(value, int | np.integer):
        number = Fraction(int(value))
    elif isinstance(value, Fraction | Decimal | str):
        try:
            number = Fraction(value)
        except (ValueError, OverflowError, ZeroDivisionError) as error:
            raise ValueError(f"{what} is {value!r}, no finite number") from error
    else:
        number = real_number(value, what)
    if not 0 <= number <= 1:
        raise ValueError(f"{what} is {value}, no probability")
    return number


def _dense(skew: Array, rationals: Any, labels: Sequence[Any] | None, asymmetry: float = 0.0) -> PreferenceGame:
    skew.setflags(write=False)
    return game_of(Dense(skew), rationals=rationals, labels=labels, asymmetry=asymmetry)


def _first_unseen(counts: WinCounts) -> tuple[int, int]:
    """The first pair i < j that is not among those compared, which are sorted."""
    n = counts.size
    place = counts.i * n - counts.i * (counts.i + 1) // 2 + counts.j - counts.i - 1  # of each pair among all pairs
    wrong = np.flatnonzero(place != np.arange(len(place)))
    k = int(wrong[0]) if len(wrong) else len(place)
    for i in range(n):
        if k < n - 1 - i:
            return i, i + 1 + k
        k -= n - 1 - i
    raise AssertionError("every pair was compared")


def _matrices(counts: WinCounts, dtype: Any) -> tuple[Any, Any]:
    """Wins less losses, and all comparisons, as matrices."""
    margins, totals = (np.zeros((counts.size, counts.size), dtype=dtype) for _ in range(2))
    margins[counts.i, counts.j] = counts.wins - counts.losses
    totals[counts.i, counts.j] = counts.totals
    return margins - margins.T, totals + totals.T


def _ranked(rankings: Iterable[Iterable[Any]], labels: tuple[Hashable, ...] | None) -> tuple[tuple[Any, ...], Array]:
    """The alternatives, and how far from the end each voter ranks each of them."""
    ballots = _listed(rankings, "rankings")
    parts = [_listed(ballot, f"ballot {v}") for v, ballot in enumerate(ballots)]
    tiers = [
        [tuple(tier) if isinstance(tier, set | frozenset | list) else (tier,) for tier in ballot] for ballot in parts
    ]
    names = _in_order(parts) if labels is None else labels
    place = {name: k for k, name in enumerate(names)}
    if len(place) != len(names):
        raise ValueError("labels: one is given twice" if labels is not None else "ballot 0 ranks an alternative twice")
    worth = np.zeros((len(tiers), len(names)))
    for v, ballot in enumerate(tiers):
        ranked = list(chain(*ballot))
        unknown = [x for x in ranked if x not in place]
        if unknown:
            raise ValueError(f"ballot {v} ranks {unknown[0]!r}, which is not among {names!r}")
        if len(set(ranked)) != len(names) or len(ranked) != len(names):
            missing = [x for x in names if x not in ranked]
            what = (
                f"does not rank {missing[0]!r}: put what it ranks last, a set of them" if missing else "ranks one twice"
            )
            raise ValueError(f"ballot {v} {what}")
        for k, tier in enumerate(ballot):
            worth[v, [place[x] for x in tier]] = len(ballot) - k
    return names, worth


def _in_order(ballots: Sequence[Sequence[Any]]) -> tuple[Any, ...]:
    """The alternatives as the first ballot lists them; what a set of it holds, as others do."""
    first, *others = ballots
    listed: dict[Any, int] = {}
    for tier in chain(*others) if any(isinstance(tier, set | frozenset) for tier in first) else ():
        for name in () if isinstance(tier, set | frozenset) else tier if isinstance(tier, list) else (tier,):
            listed.setdefault(name, len(listed))

    def key(name: Any) -> tuple[int, str, str]:
        return listed.get(name, len(listed)), type(name).__name__, repr(name)

    tiers = (
        sorted(t, key=key) if isinstance(t, set | frozenset) else t if isinstance(t, list) else (t,) for t in first
    )
    return tuple(chain(*tiers))


def _votes(value: Any, ballot: int) -> int:
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | np.integer) or value < 1:
        raise ValueError(f"votes: of ballot {ballot} must be a whole number, 1 or more, got {value!r}")
    return int(value)


def _finite(array: Array, name: str) -> Array:
    bad = np.argwhere(~np.isfinite(array))
    if len(bad):
        at = tuple(bad[0].tolist())
        raise ValueError(f"{name}: entry {list(at)} is {array[at]}; give finite numbers")
    return array
