"""Expressions as `nn.Module`s: in code, as source, inside a network."""
