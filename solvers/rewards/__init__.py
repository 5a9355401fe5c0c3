"""Rewards: recovered from comparisons, relations, oracles and counts, or proved not to exist.

Here: exact linear programs, utilities from comparisons, what to drop, representations of relations, and direct
optimisation. In the folders: elicitation by standard gambles; rewards of a shape and tasks on Markov models; scores
from pairwise counts; the doctor of preference data sets.
"""
