"""Pointwise functions and families that the literature has named, each as an expression."""
