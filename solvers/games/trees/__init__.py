"""Preference games over trees: processes, prompts, strings of tokens, and games with imperfect information.

A policy is a *realisation plan* on a :class:`~solvers.games.trees.treeplex.Treeplex`, or behaviour by information set.
"""
