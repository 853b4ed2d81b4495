"""Parametric trees: the space of any tree of a few operators."""
