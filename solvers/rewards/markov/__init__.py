"""Rewards of a shape for trajectories, and what a Markov reward can express."""
