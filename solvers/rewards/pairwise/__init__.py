"""Scores from pairwise counts: Bradley–Terry and its relatives, and what speaks against them."""
