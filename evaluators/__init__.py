"""Scoring candidates: recipes, data, networks, training, brackets, diagnosis, own evaluators.

The names are those of __init__.pyi, loaded when first used: a table of recipes must not wait 2 s
for torch.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
