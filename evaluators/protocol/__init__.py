"""The contract between search and scoring, and what holds an evaluator to it."""
