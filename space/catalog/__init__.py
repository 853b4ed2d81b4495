"""What the literature has named: pointwise functions and families, each as an expression."""
