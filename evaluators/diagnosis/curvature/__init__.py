"""The Hessian of a loss: products, eigenvalues, spectral density."""
