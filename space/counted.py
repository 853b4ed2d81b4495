"""A number with its noun, as people read it: 1 candidate, 20 candidates, 1,200 candidates."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """The number, thousands apart, and the noun: in the plural but for 1."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
