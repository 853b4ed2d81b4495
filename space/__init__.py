"""Candidates: expressions, spaces of them, and how to tell two apart.

The names are those of __init__.pyi, loaded when first used: what only reads a stored search, or
says what is wrong with a command, passes through here and must not wait 2 s for torch.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
