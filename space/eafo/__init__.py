"""Entropy-based activation optimisation (Sun et al. 2024): a candidate corrected for its input."""
