"""THE TRUSTED FILE: ``check(claim, evidence)`` gives ``Proved`` or ``Refuted``, or raises ``EvidenceRejected``.

Exact (no float enters: every number is an int or a Fraction), total (any claim with any evidence gives a verdict or
``EvidenceRejected``) and independent of the finders. It rests on the trusted files that tests/test_architecture.py
lists, and on nothing else but the standard library (and numpy, for arrays of integers with bounds, in one of them).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import product

from prefcore.axioms import (
    ACYCLIC,
    ACYCLIC_BY,
    AXIOMS,
    COMPOUND,
    CONTINUOUS,
    DOMINANCE,
    END_POINTS,
    EXISTENTIAL,
    NEEDS,
    NEVER,
    ONE,
    REST,
    SPLIT,
    UNIVERSAL,
    A,
    AtLeast,
    B,
    Comparison,
    Mixture,
    Statement,
    match_statement,
    potential_statement,
    span_statement,
    witness_statement,
)
from prefcore.claims import (
    Achievable,
    Axiom,
    BlackBox,
    Claim,
    Domain,
    HasUtility,
    Menu,
    Optimal,
    Represents,
    Simplex,
    Solvable,
)
from prefcore.clauses import Clauses, Exact, FeatureOf, Mass, Polynomial, add, clauses_of
from prefcore.closures import gap, is_closed
from prefcore.comparisons import Comparisons, Pair, system_of, weighted_part
from prefcore.distribution import Distribution, is_exact, mix
from prefcore.domains import Largest, largest_over, outcome_distribution
from prefcore.dominances import violation
from prefcore.evidence import (
    AsGoodAs,
    BetterPolicy,
    Both,
    ClosedAndTotal,
    ClosedContours,
    ConditionHolds,
    Counterexample,
    Cycle,
    EndPoints,
    Evidence,
    FixedWitnesses,
    Lemma,
    Matching,
    Potential,
    ProductLemma,
    Refutation,
    Split,
    Step,
    Through,
    ValueOrder,
)
from prefcore.formula import Atom, Formula, Or, continuous, evaluate, feature_terms, feature_values
from prefcore.matrix_games import Evaluated, Response, Winner, excesses, is_game
from prefcore.menus import rows_of
from prefcore.menus import violation as menu_violation
from prefcore.polynomials import Product, upper_bound
from prefcore.records import EvidenceRejected, conforms
from prefcore.representations import difference
from prefcore.segments import at_the_start, everywhere, line, no_mixture, serving
from prefcore.stochastic import ChoiceAxiom, Enumerated, PairwiseAxiom, check_stochastic
from prefcore.systems import LinearSystem, Motzkin, Point, contradicts, solves, well_formed
from prefcore.trees import HistoryTree, PolicyTable, Tabulation
from prefcore.verdicts import Proved, Refuted

ZERO = Fraction(0)


def check(claim: Claim, evidence: Evidence) -> Proved | Refuted:
    """The verdict that `evidence` establishes for `claim`. Raises ``EvidenceRejected``, and nothing else."""
    try:
        _require(conforms(evidence, Evidence), "the evidence is not a well-typed record")
        if type(claim) is Axiom:
            proved = _axiom_claim(claim, evidence)
        elif isinstance(claim, (PairwiseAxiom, ChoiceAxiom)):
            proved = check_stochastic(claim, evidence)
        elif type(claim) is Represents:
            proved = _represents(claim, evidence)
        elif type(claim) is HasUtility:
            proved = _has_utility(claim.comparisons, evidence)
        elif type(claim) is Solvable:
            _require(conforms(claim.system, LinearSystem) and well_formed(claim.system), "the system is malformed")
            proved = _solvable(claim.system, evidence)
        elif type(claim) is Winner:
            proved = _winner(claim, evidence)
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
    _about(relation, domain)
    _require(not isinstance(domain, Menu) or claim.axiom != CONTINUOUS, "continuity speaks of limits: a menu has none")
    with_value = claim.axiom in DOMINANCE
    _require((claim.value is not None) is with_value, "an axiom has a value exactly if it speaks of dominance")
    if with_value:
        _require(conforms(claim.value, tuple[Fraction, ...]), "the value is not exact")
        _require(len(claim.value or ()) == len(domain.outcomes), "the value needs a number for each outcome")
    if isinstance(evidence, (Counterexample, Cycle)):
        _counterexample(claim, evidence)
        return False
    _require(isinstance(relation, Formula), "a black box can be refuted, never proved")
    assert isinstance(relation, Formula)
    if isinstance(evidence, Enumerated):
        _require(isinstance(domain, Menu), "only a menu can be enumerated")
        assert isinstance(domain, Menu)
        _enumerated(claim, relation, domain)
    else:
        _axiom(relation, claim.axiom, evidence, domain, claim.value)
    return True


def _about(relation: Formula | BlackBox, domain: Domain) -> None:
    """The claim is about a relation on a domain of its own outcomes."""
    _require(type(domain) in (Simplex, Menu, Achievable) and len(domain.outcomes) > 0, "unknown domain")
    _require(type(relation) in (Formula, BlackBox), "unknown relation")
    if isinstance(relation, Formula):
        relation.__post_init__()  # a record that was made without its own checks must not get past these
        _require(relation.outcomes == len(domain.outcomes), "the domain is not the formula's")
    if isinstance(domain, Achievable):
        _require(
            type(domain.process) is Tabulation and type(domain.process.tree) is HistoryTree, "no tabulated process"
        )
        domain.process.tree.__post_init__()
        _require(max(domain.process.tree.outcome) < len(domain.outcomes), "the tree has an outcome of its own")
    if isinstance(domain, Menu):
        _require(conforms(domain.lotteries, tuple[Distribution, ...]) and bool(domain.lotteries), "no menu")
        for lottery in domain.lotteries:
            _lottery(lottery, domain)


def _axiom(
    formula: Formula, axiom: str, evidence: Evidence, domain: Domain, value: tuple[Fraction, ...] | None = None
) -> None:
    """Accepts evidence that the axiom holds on the domain; a menu inherits it from the simplex."""

    def refuted(statement: Statement, refutation: Refutation, about: Formula = formula) -> None:
        _refutation(statement, about, refutation, largest_over(domain, about))

    match evidence:
        case Refutation() if axiom in UNIVERSAL:
            refuted(UNIVERSAL[axiom], evidence)
        case Refutation() if axiom in DOMINANCE and value is not None:
            refuted(NEVER, evidence, violation(formula, axiom, value))
        case Split(refutation) if axiom == "betweenness":
            refuted(SPLIT, refutation)
        case ValueOrder() if axiom in _OF_VALUE_ORDERS:
            _value_order(formula)
        case Through(premise, refutation) if axiom == ACYCLIC and premise in ACYCLIC_BY:
            _axiom(formula, premise, refutation, domain)
        case Potential(term, rising, refutation) if axiom == ACYCLIC:
            _require(0 <= term < len(formula.nodes), "no such term")
            refuted(potential_statement(term, rising), refutation)
        case Both(reflexive, transitive) if axiom == "preorder":
            _axiom(formula, "reflexive", reflexive, domain)
            _axiom(formula, "transitive", transitive, domain)
        case ClosedAndTotal(total, gap_evidence) if axiom == "interpolation":  # T7
            _closed(formula, gap_evidence, (0, 1), domain, "T7: ")
            _axiom(formula, "total", total, domain)
        case ClosedContours(upper, lower) if axiom == CONTINUOUS:
            _closed(formula, upper, (1,), domain)
            _closed(formula, lower, (0,), domain)
        case EndPoints(refutation) if axiom == "interpolation":
            refuted(END_POINTS, refutation)
        case Matching(term, span, match) if axiom == "interpolation":  # V is continuous: intermediate values
            _require(0 <= term < len(formula.nodes) and continuous(formula, term), "no such continuous term")
            refuted(span_statement(term), span)
            refuted(match_statement(term, feature_terms(formula)), match)
        case FixedWitnesses(alphas, refutation) if axiom in EXISTENTIAL:
            inside = all(0 <= a <= 1 if EXISTENTIAL[axiom] else 0 < a < 1 for a in alphas)
            _require(inside, "a witness α is out of range")
            refuted(witness_statement(alphas), refutation)
        case _:
            raise EvidenceRejected(f"{type(evidence).__name__} is no evidence for {axiom}")


_OF_VALUE_ORDERS = (
    "reflexive",
    "transitive",
    "preorder",
    "total",
    "quasi_transitive",
    "negatively_transitive",
    ACYCLIC,
)


def _closed(
    formula: Formula, evidence: Refutation | None, sides: tuple[int, ...], domain: Domain, theorem: str = ""
) -> None:
    """``{A ≼ B}`` is closed in the lotteries of these sides, the others being fixed."""
    if evidence is None:
        _require(is_closed(formula, sides), f"{theorem}the formula is not closed by its form")
    else:
        open_part = gap(formula, sides)
        _refutation(NEVER, open_part, evidence, largest_over(domain, open_part))


def _enumerated(claim: Axiom, formula: Formula, menu: Menu) -> None:
    """Goes through the menu: its rows of bits, its pairs for dominance, or its triples for all α."""
    values = [_values(formula, menu, lottery) for lottery in menu.lotteries]
    if claim.axiom in DOMINANCE:
        assert claim.value is not None
        broken = violation(formula, claim.axiom, claim.value)
        points = [_values(broken, menu, lottery) for lottery in menu.lotteries]
        _require(not any(rows_of(broken, points)), "dominance does not imply preference on the menu")
    elif claim.axiom in EXISTENTIAL:
        for a, b, c in product(values, repeat=3):
            if evaluate(formula, a, b) and evaluate(formula, b, c):
                found = serving(formula, (a, b, c), EXISTENTIAL[claim.axiom])
                _require(found is not None, "no mixture of two lotteries on the menu is indifferent to a third")
    elif claim.axiom in ("consistent", "convex", "betweenness"):
        for chosen in product(values, repeat=NEEDS[claim.axiom][0]):
            mixtures = [line(z, x) for x, z in ((chosen[0], chosen[-1]), (chosen[1], chosen[-1]))]
            below, above = evaluate(formula, chosen[0], chosen[1]), evaluate(formula, chosen[1], chosen[0])
            fixed = [[(p, ZERO) for p in x] for x in chosen]
            if claim.axiom == "betweenness":
                between = (everywhere(formula, *pair) for pair in ((fixed[0], mixtures[0]), (mixtures[0], fixed[1])))
                back = (everywhere(formula, *pair) for pair in ((mixtures[0], fixed[0]), (fixed[1], mixtures[0])))
                good = not below or above or (all(t == {True} for t in between) and all(t == {False} for t in back))
            elif claim.axiom == "convex":
                good = everywhere(formula, *mixtures) == {below}
            else:
                good = not below or everywhere(formula, *mixtures) == {True}
            _require(good, "the axiom fails at some α on the menu")
    else:
        _require(claim.axiom in _OF_VALUE_ORDERS, f"{claim.axiom} is not decided by enumeration")
        _require(menu_violation(claim.axiom, rows_of(formula, values)) is None, "the axiom fails on the menu")


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


def _refutation(statement: Statement, formula: Formula, evidence: Refutation, largest: Largest) -> None:
    """Accepts if the clauses, the Farkas lemmas and the steps end in the empty clause."""
    system = clauses_of(statement, formula, evidence.definitions)
    known = list(system.clauses)
    for lemma in evidence.lemmas:
        if isinstance(lemma, ProductLemma):
            check_product_lemma(system, lemma)
        else:
            check_lemma(system, lemma, largest)
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


def check_lemma(system: Clauses, lemma: Lemma, largest: Largest) -> None:
    """The literals contradict each other: their weighted sum, to be >= 0, is bounded below zero on the domain.

    Per measure the sum is at most its largest value over the domain, times the measure's mass; the bound is affine in
    α, so it is checked at α = 0 and α = 1. Nonlinear and opaque terms must cancel.
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
        bound = largest(combination)
        mass = system.statement.masses[measure]
        ends[0] += bound if mass in (ONE, REST) else 0
        ends[1] += bound if mass != REST else 0
    contradictory = max(ends) <= 0 and (strict or min(ends) < 0)
    _require(contradictory, "a lemma's literals do not contradict each other with these weights")


def check_product_lemma(system: Clauses, lemma: ProductLemma) -> None:
    """The literals contradict each other: their sum with multipliers >= 0, to be >= 0, is bounded below zero.

    Probabilities are non-negative, and so are their products. The sum is a polynomial in lotteries of mass one, bounded
    over the whole simplex by :func:`prefcore.polynomials.upper_bound`.
    """
    _require(len(lemma.multipliers) == len(lemma.literals), "a lemma needs one multiplier for each literal")
    products: list[Product] = []
    strict = False
    for literal, multiplier in zip(lemma.literals, lemma.multipliers, strict=True):
        _require(abs(literal) in system.atoms, "a lemma takes atoms")
        for coefficient, probabilities in multiplier:
            _require(coefficient >= 0, "a multiplier has coefficients >= 0")
            for measure, outcome in probabilities:
                known = 0 <= measure < len(system.statement.masses) and 0 <= outcome < system.formula.outcomes
                _require(known, "a multiplier names no such measure or outcome")
            sign = 1 if literal > 0 else -1  # p >= 0, or -p > 0
            products.append((sign * coefficient, probabilities, system.atoms[abs(literal)]))
            strict = strict or (literal < 0 and coefficient > 0 and not probabilities)
    bound = upper_bound(products, system)
    contradictory = bound < 0 or (strict and bound == 0)
    _require(contradictory, "a lemma's literals do not contradict each other with these multipliers")


# -- counterexamples ------------------------------------------------------------------------------------------------


def _lottery(lottery: Distribution, domain: Domain) -> None:
    exact = all(is_exact(p) and p > 0 for _, p in lottery.items())
    _require(exact and sum(p for _, p in lottery.items()) == 1, "a lottery is not an exact distribution")
    _require(all(o in domain.outcomes for o in lottery), "a lottery leaves the domain")


def _within(lotteries: Sequence[Distribution], policies: Sequence[PolicyTable], domain: Domain) -> None:
    """The lotteries belong to the domain: to the menu, or achieved by the policies."""
    for lottery in lotteries:
        _lottery(lottery, domain)
        _require(not isinstance(domain, Menu) or lottery in domain.lotteries, "a lottery is not on the menu")
    if not isinstance(domain, Achievable):
        _require(not policies, "policies belong to the achievable set of a process")
        return
    _require(len(policies) == len(lotteries), "each lottery needs the policy that achieves it")
    for lottery, policy in zip(lotteries, policies, strict=True):
        induced = outcome_distribution(domain.process.tree, policy)
        _require(
            induced == {domain.outcomes.index(o): p for o, p in lottery.items()},
            "a policy does not achieve its lottery",
        )


def _counterexample(claim: Axiom, evidence: Counterexample | Cycle) -> None:
    if isinstance(evidence, Cycle):
        _require(claim.axiom == ACYCLIC and len(evidence.lotteries) >= 2, "a cycle refutes acyclicity")
        _within(evidence.lotteries, evidence.policies, claim.domain)
        for x, y in zip(evidence.lotteries, (*evidence.lotteries[1:], evidence.lotteries[0]), strict=True):
            _require(_holds(claim, x, y) and not _holds(claim, y, x), "a step of the cycle is not strict")
        return
    _require(claim.axiom in NEEDS, f"{claim.axiom} is refuted otherwise")
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
    _within(given, evidence.policies, claim.domain)
    if claim.axiom in DOMINANCE:
        assert claim.value is not None
        dominates = violation(Formula(len(claim.domain.outcomes), (), (Or(()),)), claim.axiom, claim.value)
        values = [_values(dominates, claim.domain, lottery) for lottery in given]
        _require(evaluate(dominates, *values) and not _holds(claim, *given), "B does not dominate A, or A ≼ B")
        return
    if claim.axiom in EXISTENTIAL or claim.axiom == CONTINUOUS:
        _require(isinstance(claim.relation, Formula), f"no finite number of answers refutes {claim.axiom}")
        assert isinstance(claim.relation, Formula)
        values = [_values(claim.relation, claim.domain, lottery) for lottery in given]
        if claim.axiom in EXISTENTIAL:
            no_mixture(claim.relation, values, EXISTENTIAL[claim.axiom])
        else:
            _jump(claim.relation, *values)
        return
    fails = any(
        _fails(claim, UNIVERSAL[name], given, evidence.alpha)
        for name in COMPOUND.get(claim.axiom, (claim.axiom,))
        if NEEDS[name][0] <= len(given)
    )
    _require(fails, "the axiom does not fail at this counterexample")


def _jump(formula: Formula, a: list[Fraction], b: list[Fraction], c: list[Fraction]) -> None:
    """On the way from C to B every lottery near enough to B is ≽ A and B is not, or is ≼ A and B is not."""
    fixed, towards = [(x, ZERO) for x in a], line(b, c)
    upper = at_the_start(formula, fixed, towards) and not evaluate(formula, a, b)
    lower = at_the_start(formula, towards, fixed) and not evaluate(formula, b, a)
    _require(upper or lower, "the relation does not jump at B")


def _values(formula: Formula, domain: Domain, lottery: Distribution) -> list[Fraction]:
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


# -- claims about utilities and linear systems ------------------------------------------------------------------------


def _represents(claim: Represents, evidence: Evidence) -> bool:
    """T4, T5: the relation and the order by utilities never differ, or they do at a pair of lotteries."""
    _require(type(claim.relation) is Formula, "only a formula can be represented")
    _about(claim.relation, claim.domain)
    _require(conforms(claim.utilities, tuple[tuple[Fraction, ...], ...]), "the utilities are not exact")
    differs = difference(claim.relation, claim.utilities)
    match evidence:
        case Refutation():
            _refutation(NEVER, differs, evidence, largest_over(claim.domain, differs))
            return True
        case Counterexample(Distribution() as left, Distribution() as right, None, None, policies):
            _within((left, right), policies, claim.domain)
            values = [_values(differs, claim.domain, lottery) for lottery in (left, right)]
            _require(evaluate(differs, *values), "the utilities order these lotteries as the relation does")
            return False
    raise EvidenceRejected(f"{type(evidence).__name__} is no evidence about a representation")


def _has_utility(comparisons: Comparisons, evidence: Evidence) -> bool:
    """T9. Weights need only the comparisons that carry them."""
    _require(type(comparisons) is Comparisons, "the claim is not about comparisons")
    pairs = (comparisons.strict, comparisons.weak)
    _require(conforms(pairs, tuple[tuple[Pair, ...], tuple[Pair, ...]]), "the comparisons are malformed")
    if isinstance(evidence, Motzkin):
        comparisons, evidence = weighted_part(comparisons, evidence)
    return _solvable(system_of(comparisons), evidence)


def _solvable(system: LinearSystem, evidence: Evidence) -> bool:
    """A point solves the system; or weights show that nothing does (T9, Motzkin)."""
    match evidence:
        case Point(values):
            _require(solves(system, values), "the point does not satisfy every row")
            return True
        case Motzkin():
            _require(contradicts(system, evidence), "the weighted rows do not contradict each other")
            return False
    raise EvidenceRejected(f"{type(evidence).__name__} is no evidence about a linear system")


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


def _winner(claim: Winner, evidence: Evidence) -> bool:
    """No action beats the policy, or the named one does: both by evaluation."""
    _require(conforms(claim, Winner) and is_game(claim), "the game or the policy is malformed")
    match evidence:
        case Evaluated():
            _require(max(excesses(claim.matrix, claim.policy)) <= 0, "an action beats the policy")
            return True
        case Response(action):
            _require(0 <= action < len(claim.matrix), "no such action")
            _require(excesses((claim.matrix[action],), claim.policy)[0] > 0, "the action does not beat the policy")
            return False
    raise EvidenceRejected(f"{type(evidence).__name__} is no evidence about a game")


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
    simplex = Simplex(range(formula.outcomes))  # not the achievable set: T1 compares conditionals, which lie outside it
    _axiom(formula, "preorder", evidence.preorder, simplex)
    _axiom(formula, "consistent", evidence.consistent, simplex)
    _, after, at = _induced(tree, formula, policy)
    for d, values in enumerate(after):
        for value in values:
            _require(evaluate(formula, value, at[d]), f"the optimality condition fails at decision {d}")


__all__ = ["EvidenceRejected", "check", "check_lemma"]
