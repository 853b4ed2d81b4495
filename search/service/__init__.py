"""Searches that outlive the terminal: in the background, in a queue, on a cluster, in a thread."""
