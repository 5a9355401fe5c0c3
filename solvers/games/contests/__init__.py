"""Markov decision contests: policies of a Markov process that are compared pairwise, by their occupancies."""
