"""A pool of real trainings, from which validity.py draws searches; trainings.py fills it."""
