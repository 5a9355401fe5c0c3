"""The soundness campaign: random semilinear relations, prefcore's verdicts against raw z3 and cvc5.

A relation is generated once as a tree (``trees``), and read three ways that share no code with one another: as a Python
function that is traced by ``@pc.relation`` (``spoken``), as exact arithmetic on lotteries (``trees``), and as linear
SMT-LIB text (``smt``). The axioms are written anew, from theory.md: ``violation`` says them of lotteries, ``smt`` says
their negations of measures. ``trial`` compares; ``recheck`` has the kernel check every certificate from its JSON, in a
process that never saw a solver; ``python -m tests.campaign --seed 0 --count 10000 --jobs 2`` runs it all.
"""
