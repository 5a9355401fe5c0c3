"""Whether ``{A ≼ B}`` is a closed set of lotteries: by its form, or since its closure adds nothing. Trusted."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

from prefcore.formula import Affine, And, Atom, Feature, Formula, If, Node, Not, Or, parts, renumbered

ALTERNATIVES = 300  # of one term, once its case distinctions are drawn out


def drawn_out(formula: Formula) -> Formula:
    """The same relation without case distinctions inside terms: ``t(x if c else y) >= 0`` becomes two cases.

    Raises ``ValueError`` where that makes more than ALTERNATIVES of one term.
    """
    if not any(isinstance(node, If) for node in formula.nodes):
        return formula
    nodes: list[Node] = []
    numbers: dict[Node, int] = {}
    terms: dict[int, list[tuple[tuple[int, ...], int]]] = {}  # of each term, its cases: conditions, and the term there
    conditions: dict[int, int] = {}

    def node(new: Node) -> int:
        if new not in numbers:
            numbers[new] = len(nodes)
            nodes.append(new)
        return numbers[new]

    for index, old in enumerate(formula.nodes):
        match old:
            case If(condition, then, otherwise):
                yes = conditions[condition]
                no = node(Not(yes))
                cases = [((*guards, yes), t) for guards, t in terms[then]]
                terms[index] = cases + [((*guards, no), t) for guards, t in terms[otherwise]]
                if len(terms[index]) > ALTERNATIVES:
                    raise ValueError("too many case distinctions inside a term")
            case Atom(op, term):
                alternatives = (node(And((*guards, node(Atom(op, t))))) for guards, t in terms[term])
                conditions[index] = node(Or(tuple(alternatives)))
            case Not() | And() | Or():
                conditions[index] = node(renumbered(old, conditions, {}))
            case Feature():
                terms[index] = [((), node(old))]
            case _:
                operands = list(dict.fromkeys(parts(old)[0]))
                terms[index] = []
                for choice in product(*(terms[i] for i in operands)):
                    moved = {i: t for i, (_, t) in zip(operands, choice, strict=True)}
                    guards = tuple(dict.fromkeys(g for more, _ in choice for g in more))
                    terms[index].append((guards, node(renumbered(old, moved, {}))))
                    if len(terms[index]) > ALTERNATIVES:
                        raise ValueError("too many case distinctions inside a term")
    last = conditions[len(formula.nodes) - 1]
    if last != len(nodes) - 1:
        nodes.append(And((last,)))
    return Formula(formula.outcomes, formula.features, tuple(nodes))


def _reading(formula: Formula, sides: tuple[int, ...]) -> list[bool]:
    """Whether each node reads a lottery of one of these sides."""
    reads: list[bool] = []
    for node in formula.nodes:
        if isinstance(node, Feature):
            reads.append(node.side in sides)
        else:
            reads.append(any(reads[i] for kind in parts(node) for i in kind))
    return reads


def is_closed(formula: Formula, sides: tuple[int, ...] = (0, 1)) -> bool:
    """Whether ``{A ≼ B}`` is closed by its form in the lotteries of these sides, the other being fixed; T7's condition.

    Sufficient: in positive normal form there is no strict atom that reads them, and no case distinction by what reads
    them makes a term discontinuous.
    """
    reads = _reading(formula, sides)
    stack: list[tuple[int, bool]] = [(len(formula.nodes) - 1, True)]
    seen: set[tuple[int, bool]] = set()
    while stack:
        index, positive = stack.pop()
        if (index, positive) in seen or not reads[index]:
            continue
        seen.add((index, positive))
        match formula.nodes[index]:
            case Atom(op, term):
                if (op == ">") is positive or (op == "=" and not positive):
                    return False
                stack.append((term, True))
            case Not(condition):
                stack.append((condition, not positive))
            case If(condition, then, otherwise):
                if reads[condition]:
                    return False
                stack.extend(((then, True), (otherwise, True)))
            case node:
                terms, conditions = parts(node)
                stack.extend((i, True) for i in terms)
                stack.extend((i, positive) for i in conditions)
    return True


def gap(formula: Formula, sides: tuple[int, ...] = (0, 1)) -> Formula:
    """``F̄ and not F``, where F̄ weakens the strict atoms of the positive normal form that read these sides.

    If it never holds, ``{A ≼ B}`` is closed in the lotteries of these sides: F̄ is closed, as its terms are continuous
    once the case distinctions inside them are drawn out, and F implies it. Raises ``ValueError`` if they are too many.
    """
    formula = drawn_out(formula)
    reads = _reading(formula, sides)
    nodes = list(formula.nodes)
    weak: list[tuple[int, int]] = []  # of each condition, the nodes of its closure and of its denial's closure

    def node(new: Node) -> int:
        nodes.append(new)
        return len(nodes) - 1

    for index, old in enumerate(formula.nodes):
        match old:
            case Atom() | Not() | And() | Or() if not reads[index]:
                weak.append((index, node(Not(index))))
            case Atom("=", _):
                weak.append((index, node(And(()))))
            case Atom(_, term):
                minus = node(Affine(Fraction(0), ((Fraction(-1), term),)))
                weak.append((node(Atom(">=", term)), node(Atom(">=", minus))))
            case Not(condition):
                weak.append(weak[condition][::-1])
            case And(conditions):
                yes, no = zip(*(weak[i] for i in conditions), strict=True) if conditions else ((), ())
                weak.append((node(And(yes)), node(Or(no))))
            case Or(conditions):
                yes, no = zip(*(weak[i] for i in conditions), strict=True) if conditions else ((), ())
                weak.append((node(Or(yes)), node(And(no))))
            case _:
                weak.append((-1, -1))
    last = len(formula.nodes) - 1
    node(And((weak[last][0], node(Not(last)))))
    return Formula(formula.outcomes, formula.features, tuple(nodes))
