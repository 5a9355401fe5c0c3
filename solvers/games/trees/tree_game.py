"""Two-player zero-sum games over treeplexes: the first player's payoff is ``xᵀ U y`` in realisation plans x and y.

In a *symmetric* game both players have the same treeplex and U is skew-symmetric: the preference game of a process,
whose policies induce distributions ``d = R x`` over outcomes, R the probabilities with which chance lets a sequence end
in an outcome, with payoff ``dᵀ A d'``, A the preference game over outcomes. Then ``U = Rᵀ A R``, never stored where A
is factored. With prompts both players answer the same one: ``Σ_p ρ(p) d_pᵀ A_p d'_p``, a block for each prompt.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from scipy import sparse

from solvers.games.first_order.norms import largest_payoff
from solvers.games.game import PreferenceGame, rational_rows
from solvers.games.payoffs import Array, Factored, require_memory
from solvers.games.trees.treeplex import Treeplex

MULTIPLIED_OUT = 1000  # outcomes of factored payoffs, up to which all pairs are looked at for the largest

Triples = tuple[tuple[int, int, Fraction], ...]


@dataclass(frozen=True, slots=True, eq=False)
class SequencePayoffs:
    """U as a sparse matrix (S₁, S₂), its transpose, and its entries exactly where they were given so."""

    matrix: Any
    transposed: Any
    rationals: Triples | None = None

    def rows(self, plan: Array) -> Array:
        """``U y``."""
        return np.asarray(self.matrix @ plan)

    def columns(self, plan: Array) -> Array:
        """``Uᵀ x``."""
        return np.asarray(self.transposed @ plan)

    def factors(self) -> tuple[Any, Any] | None:
        """``(L, M)`` with ``U = L M`` and few columns of L, if U is known so."""
        return None

    def sequence_matrix(self) -> Any:
        """U, sparse."""
        return self.matrix

    def exact_rows(self, plan: list[Fraction]) -> list[Fraction]:
        """``U y`` in rationals; of floats, the numbers that they store."""
        return _exact_product(self.triples(), plan, self.matrix.shape[0])

    def exact_columns(self, plan: list[Fraction]) -> list[Fraction]:
        """``Uᵀ x`` in rationals."""
        return _exact_product(((j, i, v) for i, j, v in self.triples()), plan, self.matrix.shape[1])

    def triples(self) -> Triples:
        """The entries exactly."""
        return self.rationals if self.rationals is not None else stored(self.matrix)

    @property
    def bound(self) -> float:
        """The largest payoff of a pair of sequences, in absolute value."""
        return float(np.abs(self.matrix.data).max(initial=0.0))


@dataclass(frozen=True, slots=True, eq=False)
class OutcomePayoffs:
    """``U = Σ_p ρ_p R_pᵀ A_p R_p``.

    reach: R, sparse, a row for each outcome, the blocks' outcomes one after the other; transposed: ``Rᵀ``. blocks: of
    each block, its weight ρ_p and the preference game over its outcomes. rationals: R's entries, exactly, if known.
    """

    reach: Any
    transposed: Any
    blocks: tuple[tuple[Fraction | float, PreferenceGame], ...]
    rationals: Triples | None = None

    def rows(self, plan: Array) -> Array:
        """``U y``."""
        met = self.reach @ plan
        if len(self.blocks) == 1 and self.blocks[0][0] == 1:
            return np.asarray(self.transposed @ self.blocks[0][1].advantages(met))
        gains = np.empty_like(met)
        start = 0
        for weight, game in self.blocks:
            at = slice(start, start + game.size)
            np.multiply(float(weight), game.advantages(met[at]), out=gains[at])
            start = at.stop
        return np.asarray(self.transposed @ gains)

    def columns(self, plan: Array) -> Array:
        """``Uᵀ x = -U x``."""
        return -self.rows(plan)

    def factors(self) -> tuple[Any, Any] | None:
        """``(L, M)`` with ``U = L M``, if all blocks are factored, with the identity as link."""
        left, right = [], []
        for weight, game in self.blocks:
            payoffs = game.payoffs
            if not isinstance(payoffs, Factored) or payoffs.link != "identity":
                return None
            left.append(sparse.csr_matrix(payoffs.factors))
            right.append(sparse.csr_matrix(float(weight) * (payoffs.skew @ payoffs.factors.T)))
        L = (self.transposed @ sparse.block_diag(left, format="csr")).tocsr()
        return L, (sparse.block_diag(right, format="csr") @ self.reach).tocsr()

    def sequence_matrix(self) -> Any:
        """U, sparse; raises ``GameTooLarge`` if it would not fit."""
        ends = len(np.unique(self.reach.indices))
        require_memory(4.0 * ends**2, f"the payoffs of {ends:,} × {ends:,} pairs of sequences that end the game")
        total = sparse.csr_matrix((self.reach.shape[1],) * 2)
        start = 0
        for weight, game in self.blocks:
            R = self.reach[start : start + game.size]
            total = total + float(weight) * (R.T @ sparse.csr_matrix(game.matrix) @ R)
            start += game.size
        return total.tocsr()

    def exact_rows(self, plan: list[Fraction]) -> list[Fraction]:
        """``U y`` in rationals; of floats, the numbers that they store."""
        entries = self.rationals if self.rationals is not None else stored(self.reach)
        met = _exact_product(entries, plan, self.reach.shape[0])
        gains: list[Fraction] = []
        for weight, game in self.blocks:
            at = met[len(gains) : len(gains) + game.size]
            seen = [k for k, v in enumerate(at) if v]
            exact = Fraction(weight)
            gains.extend(exact * sum((row[k] * at[k] for k in seen), Fraction(0)) for row in rational_rows(game))
        return _exact_product(((s, o, v) for o, s, v in entries), gains, self.reach.shape[1])

    def exact_columns(self, plan: list[Fraction]) -> list[Fraction]:
        """``Uᵀ x`` in rationals."""
        return [-v for v in self.exact_rows(plan)]

    @property
    def bound(self) -> float:
        """The largest payoff of a pair of outcomes, in absolute value; of many in factored form a bound on it."""
        return max(
            float(np.abs(game.matrix).max()) if game.size <= MULTIPLIED_OUT else largest_payoff(game.payoffs)
            for _, game in self.blocks
        )


Payoffs = SequencePayoffs | OutcomePayoffs


@dataclass(frozen=True, slots=True, eq=False)
class TreeGame:
    """A two-player zero-sum game in sequence form; immutable.

    players: the treeplexes of the first and the second, the same object in a symmetric game. payoffs: of the first.
    """

    players: tuple[Treeplex, Treeplex]
    payoffs: Payoffs

    @property
    def symmetric(self) -> bool:
        """Whether both players have the same treeplex and U is skew-symmetric, so that the value is 0."""
        return isinstance(self.payoffs, OutcomePayoffs)

    def gains(self, player: int, opponent: Array) -> Array:
        """(S,): what each sequence of a player adds to his payoff against the opponent's plan: ``U y`` or ``-Uᵀ x``."""
        return self.payoffs.rows(opponent) if player == 0 else -self.payoffs.columns(opponent)

    def exact_gains(self, player: int, opponent: list[Fraction]) -> list[Fraction]:
        """:meth:`gains` in rationals."""
        if player == 0:
            return self.payoffs.exact_rows(opponent)
        return [-v for v in self.payoffs.exact_columns(opponent)]

    def value(self, first: Array, second: Array) -> float:
        """The first player's payoff ``xᵀ U y``."""
        return float(first @ self.payoffs.rows(second))

    def __repr__(self) -> str:
        first, second = self.players
        if self.symmetric:
            return f"TreeGame(symmetric, {first.sets} information sets and {first.sequences} sequences of each player)"
        return (
            f"TreeGame({first.sets} and {second.sets} information sets, {first.sequences} × {second.sequences} "
            "sequences)"
        )


def require_tree_game(game: object) -> TreeGame:
    """The game itself; ``TypeError`` for anything else, a matrix above all."""
    if not isinstance(game, TreeGame):
        raise TypeError(
            f"game must be a TreeGame, got {type(game).__name__}: token_game, process_game and from_openspiel make them"
        )
    return game


def sequence_payoffs(
    entries: Iterable[tuple[int, int, Any]], shape: tuple[int, int], *, exact: bool = False
) -> SequencePayoffs:
    """U of entries ``(sequence of the first, of the second, payoff times chance)``, those of the same pair added up."""
    total: dict[tuple[int, int], Any] = {}
    for i, j, value in entries:
        total[i, j] = total.get((i, j), 0) + value
    keys = np.array(list(total), dtype=np.intp).reshape(-1, 2)
    values = np.array([float(v) for v in total.values()])
    matrix = sparse.csr_matrix((values, (keys[:, 0], keys[:, 1])), shape=shape)
    rationals = tuple((i, j, Fraction(v)) for (i, j), v in total.items()) if exact else None
    return SequencePayoffs(matrix, matrix.T.tocsr(), rationals)


def stored(matrix: Any) -> Triples:
    """The entries of a sparse matrix of floats, as the numbers that they store."""
    found = matrix.tocoo()
    triples = zip(found.row.tolist(), found.col.tolist(), found.data.tolist(), strict=True)
    return tuple((i, j, Fraction(v)) for i, j, v in triples)


def _exact_product(entries: Iterable[tuple[int, int, Fraction]], vector: list[Fraction], rows: int) -> list[Fraction]:
    result = [Fraction(0)] * rows
    for i, j, value in entries:
        if vector[j]:
            result[i] += value * vector[j]
    return result
