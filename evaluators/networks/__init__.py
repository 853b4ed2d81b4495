"""The networks a recipe can name."""
