"""Rewards: recovered from comparisons, relations, oracles and counts, or proved not to exist."""
