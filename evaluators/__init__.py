"""Scoring candidates: recipes, data, networks, training, brackets, diagnosis, own evaluators.

The names are loaded when first used: a table of recipes must not wait 2 s for torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .data.cache import locate as locate
    from .data.datasets import DATASETS as DATASETS
    from .data.datasets import ImageSpec as ImageSpec
    from .data.datasets import dataset_of as dataset_of
    from .data.images import Images as Images
    from .data.images import load_test as load_test
    from .data.images import load_train as load_train
    from .data.images import split as split
    from .data.images import subset as subset
    from .data.sources import DataUnavailable as DataUnavailable
    from .diagnosis.batchnorm import calibrated as calibrated
    from .diagnosis.curvature.hessian import LossHessian as LossHessian
    from .diagnosis.curvature.instability_index import instability as instability
    from .diagnosis.curvature.spectral_density import spectral_density as spectral_density
    from .diagnosis.curvature.spectral_density import spectrum as spectrum
    from .diagnosis.dead_units import dead_units as dead_units
    from .diagnosis.gradients import gradient_norms as gradient_norms
    from .diagnosis.loss_surface import loss_surface as loss_surface
    from .diagnosis.result import Diagnosis as Diagnosis
    from .diagnosis.runner import diagnose as diagnose
    from .diagnosis.signals import layer_signals as layer_signals
    from .diagnosis.sizes import Sizes as Sizes
    from .diagnosis.tangent_kernel import tangent_kernel as tangent_kernel
    from .diagnosis.weight_change import weight_change as weight_change
    from .diagnosis.weight_change import weight_matrices as weight_matrices
    from .image_classification import ImageClassification as ImageClassification
    from .image_classification import NoImages as NoImages
    from .image_classification import NoTestImages as NoTestImages
    from .model_evaluator import ModelEvaluator as ModelEvaluator
    from .networks.registry import NETWORKS as NETWORKS
    from .networks.registry import Network as Network
    from .protocol.conformance import check_evaluator as check_evaluator
    from .protocol.evaluator import CandidateReport as CandidateReport
    from .protocol.evaluator import Evaluator as Evaluator
    from .protocol.evaluator import FinalScore as FinalScore
    from .protocol.evaluator import Job as Job
    from .protocol.evaluator import MemberProgress as MemberProgress
    from .protocol.evaluator import RungReport as RungReport
    from .protocol.evaluator import Training as Training
    from .protocol.loading import BUILT_IN as BUILT_IN
    from .protocol.loading import evaluator_from_name as evaluator_from_name
    from .protocol.metrics import OverAll as OverAll
    from .protocol.metrics import r2 as r2
    from .protocol.report_validation import EvaluatorError as EvaluatorError
    from .protocol.successive_halving import run_bracket as run_bracket
    from .protocol.successive_halving import survivors as survivors
    from .recipes.recipe import Recipe as Recipe
    from .recipes.recipe import RecipeError as RecipeError
    from .recipes.shipped import RECIPES as RECIPES
    from .recipes.shipped import recipe_from_name as recipe_from_name
    from .recipes.shipped import to_toml as to_toml
    from .tables.score_table import ScoreTable as ScoreTable
    from .tables.score_table import TableError as TableError
    from .tables.score_table import read_table as read_table
    from .tables.shipped import shipped_tables as shipped_tables
    from .tables.shipped import table_from_name as table_from_name
    from .tables.tabular import NotInTable as NotInTable
    from .tables.tabular import TabularEvaluator as TabularEvaluator

_MODULES = {
    "locate": "data.cache",
    "DATASETS": "data.datasets",
    "ImageSpec": "data.datasets",
    "dataset_of": "data.datasets",
    "Images": "data.images",
    "load_test": "data.images",
    "load_train": "data.images",
    "split": "data.images",
    "subset": "data.images",
    "DataUnavailable": "data.sources",
    "calibrated": "diagnosis.batchnorm",
    "LossHessian": "diagnosis.curvature.hessian",
    "instability": "diagnosis.curvature.instability_index",
    "spectral_density": "diagnosis.curvature.spectral_density",
    "spectrum": "diagnosis.curvature.spectral_density",
    "dead_units": "diagnosis.dead_units",
    "gradient_norms": "diagnosis.gradients",
    "loss_surface": "diagnosis.loss_surface",
    "Diagnosis": "diagnosis.result",
    "diagnose": "diagnosis.runner",
    "layer_signals": "diagnosis.signals",
    "Sizes": "diagnosis.sizes",
    "tangent_kernel": "diagnosis.tangent_kernel",
    "weight_change": "diagnosis.weight_change",
    "weight_matrices": "diagnosis.weight_change",
    "ImageClassification": "image_classification",
    "NoImages": "image_classification",
    "NoTestImages": "image_classification",
    "ModelEvaluator": "model_evaluator",
    "NETWORKS": "networks.registry",
    "Network": "networks.registry",
    "check_evaluator": "protocol.conformance",
    "CandidateReport": "protocol.evaluator",
    "Evaluator": "protocol.evaluator",
    "FinalScore": "protocol.evaluator",
    "Job": "protocol.evaluator",
    "MemberProgress": "protocol.evaluator",
    "RungReport": "protocol.evaluator",
    "Training": "protocol.evaluator",
    "BUILT_IN": "protocol.loading",
    "evaluator_from_name": "protocol.loading",
    "OverAll": "protocol.metrics",
    "r2": "protocol.metrics",
    "EvaluatorError": "protocol.report_validation",
    "run_bracket": "protocol.successive_halving",
    "survivors": "protocol.successive_halving",
    "Recipe": "recipes.recipe",
    "RecipeError": "recipes.recipe",
    "RECIPES": "recipes.shipped",
    "recipe_from_name": "recipes.shipped",
    "to_toml": "recipes.shipped",
    "ScoreTable": "tables.score_table",
    "TableError": "tables.score_table",
    "read_table": "tables.score_table",
    "shipped_tables": "tables.shipped",
    "table_from_name": "tables.shipped",
    "NotInTable": "tables.tabular",
    "TabularEvaluator": "tables.tabular",
}
__all__ = sorted(_MODULES)


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__} has no attribute '{name}'")
    return getattr(import_module(f".{_MODULES[name]}", __name__), name)
