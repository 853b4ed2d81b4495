"""Looking inside a network: signals, dead units, gradients, weights, curvature, kernel."""
