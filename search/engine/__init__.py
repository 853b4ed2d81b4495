"""The driver: proposals into brackets, scores into the study."""
