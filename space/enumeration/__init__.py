"""Whole spaces at once: enumerated, screened and told apart in vectorised batches."""
