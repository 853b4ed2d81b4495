"""Spaces: sets of candidates that can be sampled, mutated, enumerated and counted."""
