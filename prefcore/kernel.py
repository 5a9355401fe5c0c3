"""THE TRUSTED FILE: ``check(claim, evidence)`` gives ``Proved`` or ``Refuted``, or raises ``EvidenceRejected``.

Exact (no float enters: every number is an int or a Fraction), total (any claim with any evidence gives a verdict or
``EvidenceRejected``) and independent of the finders. It rests on :mod:`formula`, :mod:`axioms`, :mod:`clauses`,
:mod:`claims`, :mod:`evidence`, :mod:`verdicts`, :mod:`records`, :mod:`distribution` and :mod:`trees`, no more.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from prefcore.axioms import (
    AXIOMS,
    COMPOUND,
    END_POINTS,
    EXISTENTIAL,
    NEEDS,
    NEVER,
    ONE,
    REST,
    UNIVERSAL,
    A,
    AtLeast,
    B,
    Comparison,
    Mixture,
    Statement,
    match_statement,
    span_statement,
    witness_statement,
)
from prefcore.claims import Axiom, BlackBox, Claim, Optimal, Simplex
from prefcore.clauses import Clauses, Exact, FeatureOf, Mass, Polynomial, add, clauses_of
from prefcore.distribution import Distribution, mix
from prefcore.evidence import (
    AsGoodAs,
    BetterPolicy,
    Both,
    ClosedAndTotal,
    ConditionHolds,
    Counterexample,
    EndPoints,
    Evidence,
    FixedWitnesses,
    Lemma,
    Matching,
    Refutation,
    Step,
    ValueOrder,
)
from prefcore.formula import (
    Affine,
    And,
    Atom,
    Feature,
    Formula,
    If,
    Max,
    Min,
    Not,
    Or,
    Product,
    continuous,
    evaluate,
    feature_terms,
    feature_values,
    gap,
    is_closed,
    parts,
)
from prefcore.records import EvidenceRejected, conforms
from prefcore.trees import HistoryTree, PolicyTable, Tabulation
from prefcore.verdicts import Proved, Refuted

ZERO = Fraction(0)


def check(claim: Claim, evidence: Evidence) -> Proved | Refuted:
    """The verdict that `evidence` establishes for `claim`. Raises ``EvidenceRejected``, and nothing else."""
    try:
        _require(conforms(evidence, Evidence), "the evidence is not a well-typed record")
        if type(claim) is Axiom:
            proved = _axiom_claim(claim, evidence)
        else:
            _require(type(claim) is Optimal, "unknown claim")
            assert isinstance(claim, Optimal)
            proved = _optimal(claim, evidence)
    except EvidenceRejected:
        raise
    except Exception as error:  # a user's callable, or a record that lies about itself
        raise EvidenceRejected(f"checking the evidence raised {type(error).__name__}: {error}") from error
    return Proved(claim, evidence) if proved else Refuted(claim, evidence)


def _require(condition: bool, reason: str) -> None:
    if not condition:
        raise EvidenceRejected(reason)


# -- claims about axioms --------------------------------------------------------------------------------------------


def _axiom_claim(claim: Axiom, evidence: Evidence) -> bool:
    relation, domain = claim.relation, claim.domain
    _require(type(claim.axiom) is str and claim.axiom in AXIOMS, "unknown axiom")
    _require(type(domain) is Simplex and len(domain.outcomes) > 0, "unknown domain")
    _require(type(relation) in (Formula, BlackBox), "unknown relation")
    if isinstance(relation, Formula):
        relation.__post_init__()  # a record that was made without its own checks must not get past these
        _require(relation.outcomes == len(domain.outcomes), "the domain is not the formula's")
    if isinstance(evidence, Counterexample):
        _counterexample(claim, evidence)
        return False
    _require(isinstance(relation, Formula), "a black box can be refuted, never proved")
    assert isinstance(relation, Formula)
    _axiom(relation, claim.axiom, evidence)
    return True


def _axiom(formula: Formula, axiom: str, evidence: Evidence) -> None:
    """Accepts evidence that the axiom holds on the whole simplex."""
    match evidence:
        case Refutation() if axiom in UNIVERSAL:
            _refutation(UNIVERSAL[axiom], formula, evidence)
        case ValueOrder() if axiom in ("reflexive", "transitive", "preorder", "total"):
            _value_order(formula)
        case Both(reflexive, transitive) if axiom == "preorder":
            _axiom(formula, "reflexive", reflexive)
            _axiom(formula, "transitive", transitive)
        case ClosedAndTotal(total, gap_evidence) if axiom == "interpolation":  # T7
            if gap_evidence is not None:
                _refutation(NEVER, gap(formula), gap_evidence)
            else:
                _require(is_closed(formula), "T7: the formula is not closed by its form")
            _axiom(formula, "total", total)
        case EndPoints(refutation) if axiom == "interpolation":
            _refutation(END_POINTS, formula, refutation)
        case Matching(term, span, match) if axiom == "interpolation":  # V is continuous: intermediate values
            _require(0 <= term < len(formula.nodes) and continuous(formula, term), "no such continuous term")
            _refutation(span_statement(term), formula, span)
            _refutation(match_statement(term, feature_terms(formula)), formula, match)
        case FixedWitnesses(alphas, refutation) if axiom in EXISTENTIAL:
            inside = all(0 <= a <= 1 if EXISTENTIAL[axiom] else 0 < a < 1 for a in alphas)
            _require(inside, "a witness α is out of range")
            _refutation(witness_statement(alphas), formula, refutation)
        case _:
            raise EvidenceRejected(f"{type(evidence).__name__} is no evidence for {axiom}")


def _value_order(formula: Formula) -> None:
    """``A ≼ B`` reads ``p(A, B) >= 0`` with p antisymmetric and no term in both lotteries, so p = V(B) - V(A)."""
    _require(isinstance(formula.nodes[-1], Atom), "the relation is not one comparison of values")
    system = Clauses(Statement((ONE, ONE), ()), formula, definitions=False)
    there, back = (
        system.atoms.get(system.comparison(Comparison(A, B))),
        system.atoms.get(system.comparison(Comparison(B, A))),
    )
    _require(there is not None and back is not None, "the relation is not one comparison of values")
    assert there is not None and back is not None
    separate = all(len(system.measures_of({m: c})) <= 1 for m, c in there.items())
    _require(separate and back == {m: -c for m, c in there.items()}, "the relation does not read V(A) <= V(B)")


# -- clausal refutations --------------------------------------------------------------------------------------------


def _refutation(statement: Statement, formula: Formula, evidence: Refutation) -> None:
    """Accepts if the clauses, the Farkas lemmas and the steps end in the empty clause."""
    system = clauses_of(statement, formula, evidence.definitions)
    known = list(system.clauses)
    for lemma in evidence.lemmas:
        check_lemma(system, lemma)
        known.append(tuple(-literal for literal in lemma.literals))
    for step in evidence.steps:
        _propagate(known, step)
        known.append(step.clause)
    _require(
        bool(evidence.steps) and evidence.steps[-1].clause == (),
        "the refutation does not end in the empty clause",
    )


def _propagate(known: list[tuple[int, ...]], step: Step) -> None:
    """Assuming the clause false, each hinted clause must be unit or empty, and one must become empty."""
    true = {-literal for literal in step.clause}
    for hint in step.hints:
        _require(0 <= hint < len(known), "a hint names no earlier clause")
        open_literals = {literal for literal in known[hint] if -literal not in true}
        if not open_literals:
            return
        _require(len(open_literals) == 1, "a hinted clause is not unit")
        true |= open_literals
    raise EvidenceRejected("a step's hints do not lead to a conflict")


def check_lemma(system: Clauses, lemma: Lemma) -> None:
    """The literals contradict each other: their weighted sum, to be >= 0, is bounded below zero on the domain.

    Per measure the sum is at most its largest coefficient over the outcomes, times the measure's mass; the bound is
    affine in α, so it is checked at α = 0 and α = 1. Nonlinear and opaque terms must cancel.
    """
    _require(len(lemma.weights) == len(lemma.literals), "a lemma needs one weight for each literal")
    total: Polynomial = {}
    strict = False
    for literal, weight in zip(lemma.literals, lemma.weights, strict=True):
        _require(abs(literal) in system.atoms and weight >= 0, "a lemma takes atoms, with weights >= 0")
        add(total, system.atoms[abs(literal)], weight if literal > 0 else -weight)  # p >= 0, or -p > 0
        strict = strict or (literal < 0 and weight > 0)
    ends: list[Exact] = [0, 0]  # the bound at α = 0 and at α = 1
    weights: dict[int, list[tuple[Exact, int]]] = {}
    for monomial, coefficient in total.items():
        variable = system.variables[monomial[0]] if len(monomial) == 1 else None
        if not monomial:
            ends = [end + coefficient for end in ends]
        elif isinstance(variable, Mass):
            ends[1] += coefficient
        elif isinstance(variable, FeatureOf):
            weights.setdefault(variable.measure, []).append((coefficient, variable.feature))
        else:
            raise EvidenceRejected("a nonlinear or opaque term does not cancel in a lemma")
    for measure, combination in weights.items():
        largest = _largest(system.formula, combination)
        mass = system.statement.masses[measure]
        ends[0] += largest if mass in (ONE, REST) else 0
        ends[1] += largest if mass != REST else 0
    contradictory = max(ends) <= 0 and (strict or min(ends) < 0)
    _require(contradictory, "a lemma's literals do not contradict each other with these weights")


def _largest(formula: Formula, combination: list[tuple[Exact, int]]) -> Fraction:
    """The largest value of ``Σ w f_k`` over the outcomes: a plain loop over integers."""
    scale = 1
    for weight, _ in combination:
        scale *= weight.denominator
    integers = [(int(weight * scale), formula.features[k]) for weight, k in combination]
    if len(integers) == 1:
        w, f = integers[0]
        return Fraction(w * (max(f) if w > 0 else min(f)), scale)
    return Fraction(max(sum(w * f[o] for w, f in integers) for o in range(formula.outcomes)), scale)


# -- counterexamples ------------------------------------------------------------------------------------------------


def _counterexample(claim: Axiom, evidence: Counterexample) -> None:
    lotteries, with_alpha = NEEDS[claim.axiom]
    given = [x for x in (evidence.A, evidence.B, evidence.C) if x is not None]
    if claim.axiom in COMPOUND and len(given) == 1:
        lotteries = 1
    _require(
        given == [evidence.A, evidence.B, evidence.C][:lotteries],
        f"{claim.axiom} needs {lotteries} lotteries",
    )
    _require((evidence.alpha is not None) is with_alpha, "a counterexample has an α exactly if the axiom does")
    _require(evidence.alpha is None or 0 < evidence.alpha < 1, "α is not in (0, 1)")
    for lottery in given:
        exact = all(type(p) is Fraction and p > 0 for _, p in lottery.items())
        _require(exact and sum(p for _, p in lottery.items()) == 1, "a lottery is not an exact distribution")
        _require(all(o in claim.domain.outcomes for o in lottery), "a lottery leaves the domain")
    if claim.axiom in EXISTENTIAL:
        _require(isinstance(claim.relation, Formula), "no finite number of answers refutes interpolation")
        assert isinstance(claim.relation, Formula)
        values = [_values(claim.relation, claim.domain, lottery) for lottery in given]
        check_no_mixture(claim.relation, values, EXISTENTIAL[claim.axiom])
        return
    fails = any(
        _fails(claim, UNIVERSAL[name], given, evidence.alpha)
        for name in COMPOUND.get(claim.axiom, (claim.axiom,))
        if NEEDS[name][0] <= len(given)
    )
    _require(fails, "the axiom does not fail at this counterexample")


def _values(formula: Formula, domain: Simplex, lottery: Distribution) -> list[Fraction]:
    return feature_values(formula, [(domain.outcomes.index(o), p) for o, p in lottery.items()])


def _holds(claim: Axiom, left: Distribution, right: Distribution) -> bool:
    """``left ≼ right``, exactly."""
    relation = claim.relation
    if isinstance(relation, Formula):
        return evaluate(relation, _values(relation, claim.domain, left), _values(relation, claim.domain, right))
    answer = relation.function(left, right)
    _require(type(answer).__name__ in ("bool", "bool_"), f"the relation returned {answer!r}, not True or False")
    return bool(answer)


def _fails(claim: Axiom, statement: Statement, lotteries: list[Distribution], alpha: Fraction | None) -> bool:
    """Whether the statement's negation holds at these lotteries."""

    def lottery(mixture: Mixture) -> Distribution:
        if len(mixture) == 1:
            return lotteries[mixture[0][1]]
        assert alpha is not None
        return mix(alpha, *(lotteries[i] for _, i in mixture))  # A' + C' is αA + (1-α)C

    def true(said: Comparison | AtLeast) -> bool:
        assert isinstance(said, Comparison)
        return _holds(claim, lottery(said.left), lottery(said.right))

    return all(any(true(said) is wanted for wanted, said in clause) for clause in statement.negation)


# -- interpolation: no α works --------------------------------------------------------------------------------------

Pieces = list[tuple[Fraction, Any]]  # on the open interval from each start to the next: (p, q) for p + qα, or a truth


def check_no_mixture(formula: Formula, values: list[list[Fraction]], closed: bool) -> None:
    """Accepts if ``A ≼ B ≼ C`` and no α in [0, 1] (or in (0, 1)) has ``αAC ~ B``."""
    a, b, c = values
    _require(evaluate(formula, a, b) and evaluate(formula, b, c), "A ≼ B ≼ C does not hold")
    mixture = [(z, x - z) for x, z in zip(a, c, strict=True)]
    fixed = [(y, ZERO) for y in b]
    below, above = _along(formula, mixture, fixed), _along(formula, fixed, mixture)
    starts = sorted({start for start, _ in (*below, *above)})
    for start in starts:
        _require(
            not (_at(below, start) and _at(above, start)),
            "an interval of α makes the mixture indifferent to B",
        )
    for alpha in (*starts, Fraction(1)) if closed else starts[1:]:
        x = [p + q * alpha for p, q in mixture]
        _require(
            not (evaluate(formula, x, b) and evaluate(formula, b, x)),
            f"α = {alpha} makes the mixture indifferent to B",
        )


def _at(pieces: Pieces, start: Fraction) -> Any:
    return pieces[bisect_right(pieces, start, key=lambda piece: piece[0]) - 1][1]


def _along(formula: Formula, left: Sequence[Any], right: Sequence[Any]) -> Pieces:
    """The truth of the relation on the open intervals of α in (0, 1) where its features are affine in α.

    Each node becomes pieces: a term is affine, a condition constant, between consecutive starts.
    """
    table: list[Pieces] = []
    for node in formula.nodes:
        if isinstance(node, Feature):
            table.append([(ZERO, (left, right)[node.side][node.index])])
            continue
        operands = [i for kind in parts(node) for i in kind]
        starts = sorted({ZERO, *(start for i in operands for start, _ in table[i])})
        pieces: Pieces = []
        for start, end in zip(starts, [*starts[1:], Fraction(1)], strict=True):
            now = {i: _at(table[i], start) for i in operands}
            match node:
                case Affine(constant, terms):
                    p = constant + sum((w * now[i][0] for w, i in terms), ZERO)
                    pieces.append((start, (p, sum((w * now[i][1] for w, i in terms), ZERO))))
                case Product(i, j):
                    (p, q), (r, s) = now[i], now[j]
                    _require(not (q and s), "a term is not piecewise linear in α")
                    pieces.append((start, (p * r, p * s + q * r)))
                case Max(terms):
                    pieces += _envelope([now[i] for i in terms], start, end)
                case Min(terms):
                    flipped = _envelope([(-now[i][0], -now[i][1]) for i in terms], start, end)
                    pieces += [(s, (-p, -q)) for s, (p, q) in flipped]
                case If(condition, then, otherwise):
                    pieces.append((start, now[then] if now[condition] else now[otherwise]))
                case Atom(op, term):
                    p, q = now[term]
                    root = -p / q if q else start
                    for s in (start, root) if start < root < end else (start,):
                        stop = root if s < root < end else end
                        value = p + q * (s + stop) / 2
                        truth = value >= 0 if op == ">=" else value > 0 if op == ">" else p == q == 0
                        pieces.append((s, truth))
                case Not(condition):
                    pieces.append((start, not now[condition]))
                case And(conditions):
                    pieces.append((start, all(now[i] for i in conditions)))
                case Or(conditions):
                    pieces.append((start, any(now[i] for i in conditions)))
        table.append(pieces)
    return table[-1]


def _envelope(lines: list[tuple[Fraction, Fraction]], start: Fraction, end: Fraction) -> Pieces:
    """The maximum of the lines p + qα on (start, end), piece by piece."""
    pieces: Pieces = []
    distinct = set(lines)
    while True:
        p, q = max(distinct, key=lambda line: (line[0] + line[1] * start, line[1]))
        pieces.append((start, (p, q)))
        crossings = [(p - r) / (s - q) for r, s in distinct if s > q]
        if not crossings or min(crossings) >= end:
            return pieces
        start = min(crossings)


# -- claims about policies ------------------------------------------------------------------------------------------


def _optimal(claim: Optimal, evidence: Evidence) -> bool:
    """T1, or T1 for another policy that is no better, proves optimality; a policy that is not ≼ refutes it."""
    well_typed = type(claim.process) is Tabulation and type(claim.process.tree) is HistoryTree
    _require(well_typed and type(claim.relation) is Formula, "the claim is not about a tabulated process")
    _require(conforms(claim.policy, PolicyTable), "the claim's policy is not an exact table")
    claim.relation.__post_init__()
    claim.process.tree.__post_init__()
    _require(
        max(claim.process.tree.outcome) < claim.relation.outcomes,
        "the tree has an outcome that the relation does not know",
    )
    own = _induced(claim.process.tree, claim.relation, claim.policy)[0]
    match evidence:
        case ConditionHolds():
            _condition(claim.process.tree, claim.relation, claim.policy, evidence)
        case AsGoodAs(policy, condition):  # D^π' ≼ D^π* ≼ D^π, by transitivity
            _condition(claim.process.tree, claim.relation, policy, condition)
            best = _induced(claim.process.tree, claim.relation, policy)[0]
            _require(evaluate(claim.relation, best, own), "the policy is not as good as the optimal one")
        case BetterPolicy(policy):
            other = _induced(claim.process.tree, claim.relation, policy)[0]
            _require(not evaluate(claim.relation, other, own), "the other policy is not better")
            return False
        case _:
            raise EvidenceRejected(f"{type(evidence).__name__} is no evidence about a policy")
    return True


Values = list[Fraction]


def _induced(
    tree: HistoryTree, formula: Formula, policy: PolicyTable
) -> tuple[Values, list[list[Values]], list[Values]]:
    """The feature values of D^π, of every D^π(h·a), and of every D^π(h)."""
    _require(len(policy) == len(tree.branches), "a policy needs a row for each decision history")
    leaves = {o: [Fraction(f[o]) for f in formula.features] for o in set(tree.outcome)}
    decisions = len(tree.branches)
    at: list[Values] = [[]] * decisions + [leaves[o] for o in tree.outcome]
    after: list[list[Values]] = [[]] * decisions

    def mean(row: Sequence[tuple[Fraction, Values]]) -> Values:
        return [sum((p * v[k] for p, v in row), ZERO) for k in range(len(formula.features))]

    for d in range(decisions - 1, -1, -1):
        _require(
            len(policy[d]) == len(tree.branches[d]),
            "a policy's row needs a probability for each available action",
        )
        _require(all(p >= 0 for p in policy[d]) and sum(policy[d]) == 1, "a policy's row is not a distribution")
        after[d] = [mean([(p, at[child]) for p, child in row]) for row in tree.branches[d]]
        at[d] = mean([(p, v) for p, v in zip(policy[d], after[d], strict=True) if p])
    return mean([(p, at[child]) for p, child in tree.initial]), after, at


def _condition(tree: HistoryTree, formula: Formula, policy: PolicyTable, evidence: ConditionHolds) -> None:
    """T1: ≼ is a consistent pre-order on the whole simplex, and D^π(h·a) ≼ D^π(h) everywhere."""
    _axiom(formula, "preorder", evidence.preorder)
    _axiom(formula, "consistent", evidence.consistent)
    _, after, at = _induced(tree, formula, policy)
    for d, values in enumerate(after):
        for value in values:
            _require(evaluate(formula, value, at[d]), f"the optimality condition fails at decision {d}")


__all__ = ["EvidenceRejected", "check", "check_lemma", "check_no_mixture"]
