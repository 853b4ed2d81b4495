"""Training: many candidates side by side, on one thread or one GPU."""
