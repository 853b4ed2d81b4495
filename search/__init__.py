"""The search: proposals, workers, confirmation, export and the command line.

The names are those of __init__.pyi, loaded when first used: `actsearch --help` passes through here
and must not wait seconds for torch, Optuna and MLflow.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
