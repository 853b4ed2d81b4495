"""Pointwise functions and families that have a name, each as an expression: the literature's, and
what won here."""
