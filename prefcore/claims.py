"""What can be claimed. Trusted.

A claim is data: a traced formula, an axiom's name and a domain; a tree, a formula and a policy's table; comparisons of
lotteries; a system of linear inequalities; a game's matrix and a policy. A black box
(a relation that could not be traced) can be claimed about in memory; it can be refuted, never proved, and not stored.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from prefcore.comparisons import Comparisons
from prefcore.distribution import Distribution
from prefcore.formula import Formula
from prefcore.matrix_games import Winner
from prefcore.stochastic import ChoiceAxiom, PairwiseAxiom
from prefcore.systems import LinearSystem
from prefcore.trees import PolicyTable, Tabulation


@dataclass(frozen=True, slots=True)
class BlackBox:
    """A relation known only through its answers, and the reason why it could not be traced."""

    name: str
    function: Callable[[Any, Any], Any]
    reason: str


@dataclass(frozen=True, slots=True)
class Simplex:
    """All distributions over these outcomes."""

    outcomes: Sequence[Any]


@dataclass(frozen=True, slots=True)
class Menu:
    """Finitely many distributions over these outcomes: A, B and C range over them, mixtures are any."""

    lotteries: tuple[Distribution, ...]
    outcomes: Sequence[Any]


@dataclass(frozen=True, slots=True)
class Achievable:
    """The outcome distributions D^π that the policies of a process achieve."""

    process: Tabulation

    @property
    def outcomes(self) -> Sequence[Any]:
        """The outcomes of the process."""
        return self.process.outcomes


Domain = Simplex | Menu | Achievable


@dataclass(frozen=True, slots=True)
class Axiom:
    """The relation satisfies the axiom on the domain.

    `value` is the payoff of each outcome by which dominance is meant, for the axioms that speak of it.
    """

    relation: Formula | BlackBox
    axiom: str
    domain: Domain
    value: tuple[Fraction, ...] | None = None


@dataclass(frozen=True, slots=True)
class Optimal:
    """``D^π' ≼ D^π`` for every policy π', where π is the table and the relation sees the leaves' outcomes."""

    process: Tabulation
    relation: Formula
    policy: PolicyTable


@dataclass(frozen=True, slots=True)
class Represents:
    """``A ≼ B ⇔ u(A) ≤_lex u(B)`` for all A, B in the domain, u being these utilities of the outcomes (T4, T5)."""

    relation: Formula
    utilities: tuple[tuple[Fraction, ...], ...]
    domain: Domain


@dataclass(frozen=True, slots=True)
class HasUtility:
    """Some expected utility agrees with all the comparisons (T9)."""

    comparisons: Comparisons


@dataclass(frozen=True, slots=True)
class Solvable:
    """The system of linear inequalities has a solution."""

    system: LinearSystem


Claim = Axiom | Optimal | PairwiseAxiom | ChoiceAxiom | Represents | HasUtility | Solvable | Winner
