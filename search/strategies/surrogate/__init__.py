"""The surrogate: a model of the score over functions, and what it learns from before."""
