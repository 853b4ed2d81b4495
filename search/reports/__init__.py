"""Results as text, JSON and figures."""
