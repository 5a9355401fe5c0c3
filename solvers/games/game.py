"""Preference games, and the judge of their policies.

``P[i, j]`` is the probability that action i is preferred to action j (the paper's ``P(j ≼ i)``), ``P + Pᵀ = 1``, so
that ``A = P - 1/2`` is skew-symmetric. Two players choose distributions π and ν over the actions; the first wins with
probability ``πᵀ P ν``. The game is symmetric and zero-sum: its value is 1/2 (0 in terms of A), one vector describes
both players, and π is a *von Neumann winner*, a Nash equilibrium of the game with itself, if and only if no action
beats it: ``(Aπ)_y <= 0`` for every y. THE JUDGE, of whatever a solver returns:

    gap(π)   = 2 max_y (Aπ)_y
    gap_τ(π) = 2τ [ log Σ_y μ_y exp((Aπ)_y / τ) + KL(π‖μ) ]

gap is the duality gap of (π, π) in the original game, and zero exactly at its equilibria. gap_τ is that of the game
with payoff ``πᵀAν - τ KL(π‖μ) + τ KL(ν‖μ)``: the best response to π is ``∝ μ exp(Aπ/τ)``, which gives the closed form.
Its equilibrium is unique for τ > 0. Sources: von Neumann 1928; Dudík et al. 2015; Munos et al. 2024 (2312.00886).
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from prefcore.matrix_games import complementary
from solvers.arguments import real_array, real_number
from solvers.games.divergences import log_divergence
from solvers.games.equilibrium import Equilibrium
from solvers.games.payoffs import Array, Dense, Factored, Payoffs, exact_products, require_memory

WITHIN = 1e-12  # by how much floats may miss P + Pᵀ = 1
SUMS_TO_ONE = 1e-9  # by how much floats may miss a policy's sum
FRACTION = 20  # numbers whose room a Fraction takes, at the least
LARGEST = 1e300  # payoffs beyond are refused: sums of them would overflow

Rationals = tuple[tuple[Fraction, ...], ...]


class PreferenceGame:
    """The symmetric zero-sum game of a preference matrix; immutable.

    preferences: ``P[i, j]``, the probability that i is preferred to j, as an array or nested lists; all entries int,
    Fraction, Decimal or text such as "1/3": exact, and ``P + Pᵀ = 1`` must hold exactly. Otherwise floats: it must
    hold within 1e-12, and the game is that of ``A = (P - Pᵀ) / 2``; `asymmetry` says by how much P missed. labels:
    what the actions are called in pictures and messages; a data frame's columns are taken for them, and its rows must
    be the same in the same order. Raises ``ValueError``, naming the offending pair,
    ``TypeError`` for what are no numbers, and ``GameTooLarge``. Matrices that are skew-symmetric but no probabilities:
    :func:`solvers.games.skew_game`; other sources: ``solvers.games.game_from_…``.
    """

    __slots__ = ("asymmetry", "labels", "payoffs", "rationals")

    payoffs: Payoffs  # A in float64, stored or computed
    rationals: Rationals | None  # A exactly, if it was given so
    asymmetry: float  # the largest |P + Pᵀ - 1| that was averaged away; 0 for exact entries
    labels: tuple[Any, ...] | None

    def __init__(self, preferences: ArrayLike, labels: Sequence[Any] | None = None) -> None:
        preferences, labels = without_frame(preferences, "preferences", labels)
        exact = _rational_rows(preferences, "preferences")
        if exact is not None:
            _require_probabilities(exact)
            half = Fraction(1, 2)
            rationals = tuple(tuple(p - half for p in row) for row in exact)
            self._fill(Dense(_floats(rationals)), rationals, 0.0, labels)
            return
        P = _square(preferences, "preferences")
        outside = ~((P >= 0) & (P <= 1))
        if outside.any():
            i, j = np.argwhere(outside)[0].tolist()
            raise ValueError(f"preferences: P[{i}, {j}] = {P[i, j]:g} is no probability; skew_game takes other payoffs")
        asymmetry = _off_by(P, 1.0, "P")
        self._fill(Dense(_skew(P)), None, asymmetry, labels)

    def _fill(
        self, payoffs: Payoffs, rationals: Rationals | None, asymmetry: float, labels: Sequence[Any] | None
    ) -> None:
        if labels is not None and not np.iterable(labels):
            raise TypeError(f"labels: must be a sequence, one for each action, got {labels!r}")
        names = None if labels is None else tuple(labels)
        if names is not None and len(names) != payoffs.size:
            raise ValueError(f"labels: {len(names)} for {payoffs.size} actions; give one for each")
        for array in (payoffs.matrix,) if isinstance(payoffs, Dense) else (payoffs.factors, payoffs.skew):
            array.setflags(write=False)
        for name, value in (
            ("payoffs", payoffs),
            ("rationals", rationals),
            ("asymmetry", asymmetry),
            ("labels", names),
        ):
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a game is immutable; make another one to change {name}")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"a game is immutable; {name} stays")

    def __reduce__(self) -> tuple[Any, ...]:
        """How a copy is made, in this process or another."""
        return _restored, (self.payoffs, self.rationals, self.labels, self.asymmetry)

    @property
    def size(self) -> int:
        """The number N of actions."""
        return self.payoffs.size

    @property
    def matrix(self) -> Array:
        """A, ``(N, N)``, skew-symmetric, float64, read-only; ``GameTooLarge`` if a factored one would not fit."""
        return self.payoffs.dense()

    @property
    def preferences(self) -> Array:
        """P = A + 1/2 as an array of its own, ``(N, N)``."""
        return np.asarray(self.matrix + 0.5)

    def advantages(self, policy: Array) -> Array:
        """``Aπ`` (N,): by how much each action is preferred to the policy with more than probability 1/2."""
        return self.payoffs.times(policy)

    def label(self, action: int) -> Any:
        """What an action is called: its label, or its number."""
        return action if self.labels is None else self.labels[action]

    def __repr__(self) -> str:
        said = f", antisymmetrised: pairs were off by up to {self.asymmetry:.1e}" if self.asymmetry else ""
        kind = "exact" if self.rationals is not None else type(self.payoffs).__name__.lower()
        return f"PreferenceGame({self.size} actions, {kind}{said})"


def game_of(
    payoffs: Payoffs,
    *,
    rationals: Rationals | None = None,
    labels: Sequence[Any] | None = None,
    asymmetry: float = 0.0,
) -> PreferenceGame:
    """The game of payoffs that are known to be skew-symmetric; for builders, which check theirs."""
    game = object.__new__(PreferenceGame)
    game._fill(payoffs, rationals, asymmetry, labels)
    return game


def _restored(
    payoffs: Payoffs, rationals: Rationals | None, labels: tuple[Any, ...] | None, asymmetry: float
) -> PreferenceGame:
    return game_of(payoffs, rationals=rationals, labels=labels, asymmetry=asymmetry)


def require_game(game: object) -> PreferenceGame:
    """The game itself; ``TypeError`` for anything else, a bare matrix above all."""
    if not isinstance(game, PreferenceGame):
        raise TypeError(f"game must be a PreferenceGame, got {type(game).__name__}: pass PreferenceGame(P)")
    return game


def skew_game(advantages: ArrayLike, labels: Sequence[Any] | None = None) -> PreferenceGame:
    """The symmetric zero-sum game of a skew-symmetric matrix A of any payoffs, ``A[i, j] = -A[j, i]``.

    Floats may miss skewness by 1e-12 times the largest entry; exact entries must be exactly skew-symmetric. Gaps and
    tolerances are in units of these payoffs. Raises ``ValueError`` and ``TypeError`` as :class:`PreferenceGame` does,
    and ``ValueError`` for payoffs beyond 1e300.
    """
    advantages, labels = without_frame(advantages, "advantages", labels)
    exact = _rational_rows(advantages, "advantages")
    if exact is not None:
        for i, row in enumerate(exact):
            for j in range(i + 1):
                if row[j] != -exact[j][i]:
                    raise ValueError(f"advantages: A[{j}, {i}] + A[{i}, {j}] = {_said(row[j] + exact[j][i])}, not 0")
                if abs(row[j]) > LARGEST:
                    raise ValueError(_too_large(i, j))
        return game_of(Dense(_floats(exact)), rationals=exact, labels=labels)
    A = _square(advantages, "advantages")
    asymmetry = _off_by(A, 0.0, "A")
    return game_of(Dense(_skew(A)), labels=labels, asymmetry=asymmetry)


def symmetrised(preferences: ArrayLike) -> Array | Rationals:
    """``(P + 1 - Pᵀ) / 2``: the nearest preference matrix to a square one, both orders of a pair averaged.

    For shares that were measured in either order, as position bias does to judges. Exact entries give Fractions, others
    an array. Raises ``ValueError`` for what is not square, or not finite.
    """
    exact = _rational_rows(preferences, "preferences")
    if exact is not None:
        return tuple(tuple((p + 1 - exact[j][i]) / 2 for j, p in enumerate(row)) for i, row in enumerate(exact))
    P = _square(preferences, "preferences")
    return np.asarray((P + (1 - P.T)) / 2)


def exploitability(
    game: PreferenceGame, policy: Any, *, reference: ArrayLike | None = None, tau: float | None = None
) -> float:
    """THE JUDGE: ``gap(π) = 2 max_y (Aπ)_y``, or ``gap_τ(π)`` of the game regularised by `reference` and `tau`.

    policy: N probabilities in the order of the rows, used as they are. With the exact probabilities of an exact game
    the original gap is computed exactly and rounded once (:func:`exact_exploitability` does not round). Otherwise in
    float64: a policy without a gap may show one of some 1e-16, of either sign. Raises ``ValueError`` for what is no
    policy, for a policy with mass where the reference has none, τ <= 0, only one of reference and tau, or a gap beyond
    all floats.
    """
    require_game(game)
    if (reference is None) is not (tau is None):
        raise ValueError("reference and tau go together: give both for the regularised gap, none for the original one")
    if reference is None or tau is None:
        if game.rationals is not None and _exact_entries(policy) is not None:
            return float(exact_exploitability(game, policy))
        pi = policy_of(policy, game.size)
        return float(2 * game.advantages(pi).max())
    pi = policy_of(policy, game.size)
    mu = policy_of(reference, game.size, "reference")
    weight = positive(tau, "tau")
    lost = np.flatnonzero((pi > 0) & (mu == 0))
    if len(lost):
        raise ValueError(f"policy: has mass on action {lost[0]}, to which the reference gives none: KL is infinite")
    gap = regularised_gap(game.advantages(pi), pi, mu, weight)
    if not np.isfinite(gap):
        raise ValueError(
            f"tau: the gap cannot be computed in float64 with tau = {weight:g} and such payoffs; rescale both"
        )
    return gap


def regularised_gap(advantages: Array, policy: Array, reference: Array, tau: float) -> float:
    """``gap_τ(π)``, given Aπ: 2τ times the divergence of π from its best response ``q ∝ μ exp(Aπ/τ)``."""
    # log 0: an action that neither the policy nor the reference plays; what overflows is not finite, as its result says
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        logits = np.log(reference) + advantages / tau
        logits -= logits.max()
        log_q = logits - np.log(np.exp(logits).sum())
        return tau * (2 * log_divergence(np.log(policy), log_q))


def exact_exploitability(game: PreferenceGame, policy: Sequence[Any]) -> Fraction:
    """``2 max_y (Aπ)_y`` in rationals; a game of floats is taken to be the exact numbers that it stores.

    Raises ``TypeError`` unless the policy's probabilities are exact (int, Fraction, Decimal, "1/3"), ``ValueError``
    unless they are a distribution over the actions.
    """
    require_game(game)
    weights = _exact_entries(policy)
    if weights is None:
        raise TypeError("policy must be exact: int, Fraction, Decimal or text such as '1/3', a probability for each")
    if len(weights) != game.size or min(weights) < 0 or sum(weights) != 1:
        raise ValueError(f"policy must be {game.size} probabilities, none negative, that sum to 1 exactly")
    support = [i for i, w in enumerate(weights) if w]
    rows = rational_rows(game)
    return 2 * max(sum((row[i] * weights[i] for i in support), Fraction(0)) for row in rows)


def rational_rows(game: PreferenceGame) -> Rationals:
    """A exactly: as it was given, the products of its factors, or the numbers that its floats store."""
    if game.rationals is not None:
        return game.rationals
    require_memory(FRACTION * game.size**2, f"an exact game of {game.size:,} actions")
    if isinstance(game.payoffs, Factored) and game.payoffs.link == "identity":
        return exact_products(game.payoffs)
    return tuple(tuple(map(Fraction, row)) for row in game.matrix.tolist())


def policy_of(policy: ArrayLike, size: int, name: str = "policy") -> Array:
    """A policy as float64: so many finite probabilities, none negative, whose sum is 1 within 1e-9."""
    if isinstance(policy, Equilibrium):
        raise TypeError(f"{name}: must be probabilities, got a solver's record: pass its .policy")
    pi = real_array(policy, name)
    if pi.shape != (size,):
        raise ValueError(f"{name}: has shape {pi.shape}; give {size} probabilities, one for each action")
    bad = np.flatnonzero(~(pi >= 0) | ~np.isfinite(pi))
    if len(bad):
        raise ValueError(f"{name}: the probability of action {bad[0]} is {pi[bad[0]]:g}")
    if abs(pi.sum() - 1) > SUMS_TO_ONE:
        raise ValueError(f"{name}: sums to {pi.sum():.12g}, not to 1; divide by the sum if that is what you mean")
    return pi


def reference_of(reference: ArrayLike | None, game: PreferenceGame) -> Array:
    """A reference policy of a game, with mass everywhere; uniform if ``None``. ``TypeError`` if it is no game."""
    size = require_game(game).size
    return np.full(size, 1 / size) if reference is None else everywhere_positive(reference, size)


def everywhere_positive(reference: ArrayLike, size: int) -> Array:
    """A reference policy over so many actions, with mass everywhere."""
    mu = policy_of(reference, size, "reference")
    if not mu.all():
        raise ValueError(
            f"reference: gives action {np.flatnonzero(mu == 0)[0]} no mass, so what plays it diverges infinitely from "
            "the reference: leave such actions out of the game"
        )
    return mu


def positive(value: Any, name: str) -> float:
    """A positive finite number, or ``ValueError``; ``TypeError`` for what is none."""
    if isinstance(value, bool | np.bool_):
        raise TypeError(f"{name}: must be a number, got {value!r}")
    number = real_number(value, name)
    if not (0 < number < np.inf):
        raise ValueError(f"{name}: must be positive and finite, got {value}")
    return number


# -- entries --------------------------------------------------------------------------------------------------------


def _exact(value: Any) -> Fraction | None:
    if isinstance(value, bool | np.bool_):
        raise TypeError(f"a probability must be a number, got {value!r}")
    if isinstance(value, int | Fraction | np.integer):
        return Fraction(int(value)) if isinstance(value, np.integer) else Fraction(value)
    if isinstance(value, str | Decimal):
        try:
            return Fraction(value)
        except (ValueError, OverflowError, ZeroDivisionError) as error:
            raise ValueError(f"{value!r} is no finite number") from error
    return None


def _exact_entries(values: Any) -> list[Fraction] | None:
    """The entries of a vector, or ``None`` if one of them is no exact number."""
    if isinstance(values, np.ndarray) and values.dtype.kind == "f":
        return None
    if isinstance(values, str) or not np.iterable(values):
        return None
    found = []
    for value in values:
        entry = _exact(value)
        if entry is None:
            return None
        found.append(entry)
    return found


def _rational_rows(values: Any, name: str) -> Rationals | None:
    """A square matrix of exact entries; ``None`` if they are floats, which :func:`_square` looks at."""
    if isinstance(values, np.ndarray) and values.dtype.kind not in "OiuU":
        return None
    if isinstance(values, str) or not np.iterable(values):
        return None
    rows: list[tuple[Fraction, ...]] = []
    for i, row in enumerate(values):
        try:
            entries = _exact_entries(row)
        except (TypeError, ValueError) as error:
            raise type(error)(f"{name}: row {i}: {error}") from error
        if entries is None:
            return None
        if not rows:
            require_memory(FRACTION * len(entries) ** 2, f"an exact game of {len(entries):,} actions")
        rows.append(tuple(entries))
    if not rows or any(len(row) != len(rows) for row in rows):
        lengths = sorted({len(row) for row in rows})
        raise ValueError(f"{name}: {len(rows)} rows of length {lengths}; give a square matrix of one action or more")
    return tuple(rows)


def _require_probabilities(rows: Rationals) -> None:
    for i, row in enumerate(rows):
        for j, p in enumerate(row):
            if not 0 <= p.numerator <= p.denominator:
                raise ValueError(
                    f"preferences: P[{i}, {j}] = {_said(p)} is no probability; skew_game takes other payoffs"
                )
            if j <= i and not complementary(p, rows[j][i]):
                total = p + rows[j][i]
                raise ValueError(_off(f"P[{j}, {i}] + P[{i}, {j}] = {_said(total)}", _said(total - 1)))


def _said(value: Fraction) -> str:
    """A fraction in a message: in full unless it is longer than anybody reads, or Python writes."""
    digits = max(value.numerator.bit_length(), value.denominator.bit_length()) * 3 // 10
    return str(value) if digits < 100 else f"a fraction of some {digits:,} digits"


def _too_large(i: int, j: int) -> str:
    return f"advantages: A[{i}, {j}] is beyond {LARGEST:g}, where sums overflow; divide all payoffs by the largest"


def without_frame(values: Any, name: str, labels: Sequence[Any] | None) -> tuple[Any, Sequence[Any] | None]:
    """A data frame's numbers, and its columns as labels if none are given; anything else as it is."""
    if not all(hasattr(values, part) for part in ("index", "columns", "to_numpy")):
        return values, labels
    rows, columns = list(values.index), list(values.columns)
    # Rows that are only numbered, as a frame's are by default, name nothing.
    if rows != columns and rows != list(range(len(columns))):
        raise ValueError(
            f"{name}: the rows are {rows[:5]}… and the columns {columns[:5]}…; give both in the same order"
        )
    return values.to_numpy(), columns if labels is None else labels


def _off(sum_: str, by: str) -> str:
    return (
        f"preferences: {sum_}, off 1 by {by}; if both orders of a pair are to be averaged, "
        "pass solvers.games.symmetrised(P)"
    )


def _square(values: Any, name: str) -> Array:
    array = real_array(values, name)
    if array.ndim != 2 or array.shape[0] != array.shape[1] or not array.size:
        raise ValueError(f"{name}: has shape {array.shape}; give a square matrix of one action or more")
    require_memory(3 * array.size, f"a game of {len(array):,} actions")
    finite = np.isfinite(array)
    if not finite.all():
        i, j = np.argwhere(~finite)[0].tolist()
        raise ValueError(f"{name}: entry [{i}, {j}] is {array[i, j]}; give a finite number for every pair")
    if np.abs(array).max() > LARGEST:
        i, j = np.argwhere(np.abs(array) > LARGEST)[0].tolist()
        raise ValueError(_too_large(i, j) if name == "advantages" else f"{name}: entry [{i}, {j}] is no probability")
    return array


def _off_by(array: Array, total: float, letter: str) -> float:
    """The largest ``|M + Mᵀ - total|``, or ``ValueError`` naming the pair."""
    off = array + array.T
    off -= total
    np.abs(off, out=off)
    worst = int(off.argmax())
    i, j = sorted(divmod(worst, len(array)))
    largest = float(off[i, j])
    if largest > WITHIN * (1.0 if total else float(np.abs(array).max())):
        if not total:
            raise ValueError(f"advantages: A[{i}, {j}] + A[{j}, {i}] = {array[i, j] + array[j, i]:.12g}, not 0")
        raise ValueError(
            _off(f"{letter}[{i}, {j}] + {letter}[{j}, {i}] = {array[i, j] + array[j, i]:.12g}", f"{largest:.3g}")
        )
    return largest


def _skew(array: Array) -> Array:
    """``(M - Mᵀ) / 2``, read-only."""
    skew = array - array.T
    skew /= 2
    skew.setflags(write=False)
    return skew


def _floats(rationals: Rationals) -> Array:
    A = np.array([[float(a) for a in row] for row in rationals])
    A.setflags(write=False)
    return A
