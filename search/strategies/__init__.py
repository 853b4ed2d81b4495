"""Strategies: each an Optuna sampler over the encoding of a space."""
