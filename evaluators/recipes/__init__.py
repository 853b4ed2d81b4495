"""Recipes: every number that decides a score."""
