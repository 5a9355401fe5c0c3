"""Evidence: frozen, serialisable, inert. It says what it says; only the kernel turns it into a verdict. Trusted.

Clauses and literals are numbered by :mod:`prefcore.clauses`; lemmas are numbered after the clauses, steps after the
lemmas. Policies are tables over the numbered decision histories of a tree: for each the probability of each of its
available actions, in their order.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from prefcore.distribution import Distribution
from prefcore.matrix_games import Evaluated, Response
from prefcore.stochastic import Enumerated, MenuPair, RatioPair, Triple
from prefcore.systems import Motzkin, Point
from prefcore.trees import PolicyTable


@dataclass(frozen=True, slots=True)
class Counterexample:
    """Lotteries (and an α) at which an axiom fails, as exact distributions.

    On the achievable set of a process, `policies` are the tables of policies that achieve A, B and C.
    """

    A: Distribution
    B: Distribution | None = None
    C: Distribution | None = None
    alpha: Fraction | None = None
    policies: tuple[PolicyTable, ...] = ()


@dataclass(frozen=True, slots=True)
class Cycle:
    """``A_1 ≺ A_2 ≺ … ≺ A_n ≺ A_1``, and the policies that achieve them where they must be achieved."""

    lotteries: tuple[Distribution, ...]
    policies: tuple[PolicyTable, ...] = ()


@dataclass(frozen=True, slots=True)
class Lemma:
    """A Farkas lemma: literals over atoms that contradict each other, with the weights that show it."""

    literals: tuple[int, ...]
    weights: tuple[Fraction, ...]


@dataclass(frozen=True, slots=True)
class ProductLemma:
    """Literals over atoms that contradict each other, weighted by polynomials (Positivstellensatz).

    A multiplier is a sum of ``(coefficient >= 0, ((measure, outcome), …))``: products of probabilities in the lotteries
    of the outcomes that no feature tells from this one, () being the constant.
    """

    literals: tuple[int, ...]
    multipliers: tuple[tuple[tuple[Fraction, tuple[tuple[int, int], ...]], ...], ...]


@dataclass(frozen=True, slots=True)
class Step:
    """A clause that follows by unit propagation over the hinted clauses, in their order (as in LRAT)."""

    clause: tuple[int, ...]
    hints: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Refutation:
    """A clausal refutation of the negated axiom: Farkas lemmas and steps, the last of which is empty.

    `definitions` says whether opaque terms were defined or left arbitrary.
    """

    definitions: bool
    lemmas: tuple[Lemma | ProductLemma, ...]
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class ValueOrder:
    """The relation reads ``V(A) <= V(B)``: a total pre-order, whatever V is."""


@dataclass(frozen=True, slots=True)
class ClosedAndTotal:
    """T7: a closed total relation has interpolation. `total` is the evidence for totality.

    A formula with strict atoms is closed if `gap` refutes that its closure holds where it does not.
    """

    total: Refutation | ValueOrder
    gap: Refutation | None


@dataclass(frozen=True, slots=True)
class EndPoints:
    """``A ≼ B ≼ C`` implies ``B ≼ A`` or ``C ≼ B``: interpolation with α = 1 or α = 0."""

    refutation: Refutation


@dataclass(frozen=True, slots=True)
class Matching:
    """The α at which a continuous term V has the value V(B) at the mixture serves, or α = 1 or α = 0 does.

    `term` is V's node. `span`: V(B) is between V(A) and V(C), so there is such an α; `match`: it makes the mixture
    indifferent to B.
    """

    term: int
    span: Refutation
    match: Refutation


@dataclass(frozen=True, slots=True)
class FixedWitnesses:
    """``A ≼ B ≼ C`` implies ``αAC ~ B`` for one of the listed α."""

    alphas: tuple[Fraction, ...]
    refutation: Refutation


@dataclass(frozen=True, slots=True)
class Both:
    """A pre-order: evidence for reflexivity and for transitivity."""

    reflexive: Refutation | ValueOrder
    transitive: Refutation | ValueOrder


@dataclass(frozen=True, slots=True)
class Split:
    """Betweenness, by a refutation of its negation with each lottery split in two."""

    refutation: Refutation


@dataclass(frozen=True, slots=True)
class ClosedContours:
    """Contour sets are closed by the formula's form, or each `gap` refutes that its closure holds where it does not.

    `upper`: of {B : A ≼ B}; `lower`: of {A : A ≼ B}.
    """

    upper: Refutation | None
    lower: Refutation | None


@dataclass(frozen=True, slots=True)
class Through:
    """The axiom follows from another one, by the evidence for that."""

    axiom: str
    evidence: Refutation | ValueOrder


@dataclass(frozen=True, slots=True)
class Potential:
    """There is no cycle, because the value of a term rises (or falls) with every strict preference."""

    term: int
    rising: bool
    refutation: Refutation


AxiomEvidence = (
    Counterexample
    | Cycle
    | Refutation
    | ValueOrder
    | ClosedAndTotal
    | EndPoints
    | Matching
    | FixedWitnesses
    | Both
    | Split
    | ClosedContours
    | Through
    | Potential
    | Enumerated
)


@dataclass(frozen=True, slots=True)
class ConditionHolds:
    """T1: the relation is a consistent pre-order and ``D^π(h·a) ≼ D^π(h)`` at every history and action."""

    preorder: Both | ValueOrder
    consistent: Refutation


@dataclass(frozen=True, slots=True)
class AsGoodAs:
    """The policy's distribution is ≽ that of `policy`, which is optimal by `condition`; transitivity does the rest."""

    policy: PolicyTable
    condition: ConditionHolds


@dataclass(frozen=True, slots=True)
class BetterPolicy:
    """A policy π' with not ``D^π' ≼ D^π``."""

    policy: PolicyTable


PolicyEvidence = ConditionHolds | AsGoodAs | BetterPolicy
GameEvidence = Evaluated | Response
Evidence = AxiomEvidence | PolicyEvidence | Triple | MenuPair | RatioPair | Point | Motzkin | GameEvidence
