"""A candidate as files that need only torch."""
