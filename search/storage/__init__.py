"""A search on disk: its home, configuration, study and confirmations."""
