"""Raw z3 and cvc5 on SMT-LIB text: "sat", "unsat" or "unknown", and z3's model as exact rationals."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import cvc5
import z3

# Limits in the solvers' own units, so that the answers do not depend on the machine; and a wall far behind them.
Z3_LIMIT, CVC5_LIMIT, MILLISECONDS = 20_000_000, 2_000_000, 120_000


def ask_z3(text: str) -> tuple[str, dict[str, Fraction]]:
    """z3's answer, with the values of the declared constants if satisfiable."""
    solver = z3.SolverFor("QF_LRA")
    solver.set("rlimit", Z3_LIMIT)
    solver.set("timeout", MILLISECONDS)
    solver.from_string(text)
    answer = str(solver.check())
    if answer != "sat":
        return answer, {}
    model = solver.model()
    values = {}
    for declaration in model.decls():
        value = model[declaration]
        if isinstance(value, z3.RatNumRef):
            values[declaration.name()] = Fraction(value.numerator_as_long(), value.denominator_as_long())
    return answer, values


_terms: list[Any] = []  # one term manager for many questions, renewed before it grows large
MANY = 500


def ask_cvc5(text: str) -> str:
    """cvc5's answer."""
    if not _terms or _terms[1] >= MANY:
        _terms[:] = [cvc5.TermManager(), 0]
    _terms[1] += 1
    solver = cvc5.Solver(_terms[0])
    solver.setOption("rlimit-per", str(CVC5_LIMIT))
    solver.setOption("tlimit-per", str(MILLISECONDS))
    parser = cvc5.InputParser(solver)
    parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, text, "campaign")
    symbols = parser.getSymbolManager()
    while not (command := parser.nextCommand()).isNull():
        command.invoke(solver, symbols)
    result = solver.checkSat()
    return "sat" if result.isSat() else "unsat" if result.isUnsat() else "unknown"
