"""Measurements of a candidate that need no training."""
