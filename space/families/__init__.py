"""Trainable families: functions of a configuration that return expressions."""
