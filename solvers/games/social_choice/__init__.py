"""Preference games read as social choice: maximal lotteries, Condorcet winners, the Smith set, and their intervals."""
