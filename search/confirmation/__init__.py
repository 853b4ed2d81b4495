"""Confirmation: finalists trained again beside baselines, and compared."""
