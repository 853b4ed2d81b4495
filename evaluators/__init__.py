"""Scoring candidates: recipes, data, networks, training, brackets, diagnosis, own evaluators."""

from .data.cache import locate
from .data.datasets import DATASETS, ImageSpec, dataset_of
from .data.images import Images, load_test, load_train, split, subset
from .data.sources import DataUnavailable
from .diagnosis.batchnorm import calibrated
from .diagnosis.curvature.hessian import LossHessian
from .diagnosis.curvature.instability_index import instability
from .diagnosis.curvature.spectral_density import spectral_density, spectrum
from .diagnosis.dead_units import dead_units
from .diagnosis.gradients import gradient_norms
from .diagnosis.loss_surface import loss_surface
from .diagnosis.result import Diagnosis
from .diagnosis.runner import diagnose
from .diagnosis.signals import layer_signals
from .diagnosis.sizes import Sizes
from .diagnosis.tangent_kernel import tangent_kernel
from .diagnosis.weight_change import weight_change, weight_matrices
from .image_classification import ImageClassification, NoImages, NoTestImages
from .model_evaluator import ModelEvaluator
from .networks.registry import NETWORKS, Network
from .protocol.conformance import check_evaluator
from .protocol.evaluator import (
    CandidateReport,
    Evaluator,
    FinalScore,
    Job,
    MemberProgress,
    RungReport,
    Training,
)
from .protocol.loading import BUILT_IN, evaluator_from_name
from .protocol.metrics import OverAll, r2
from .protocol.report_validation import EvaluatorError
from .protocol.successive_halving import run_bracket, survivors
from .recipes.recipe import Recipe, RecipeError
from .recipes.shipped import RECIPES, recipe_from_name, to_toml
from .tables.score_table import ScoreTable, TableError, read_table
from .tables.shipped import shipped_tables, table_from_name
from .tables.tabular import NotInTable, TabularEvaluator

__all__ = [
    "BUILT_IN",
    "DATASETS",
    "NETWORKS",
    "RECIPES",
    "CandidateReport",
    "DataUnavailable",
    "Diagnosis",
    "Evaluator",
    "EvaluatorError",
    "FinalScore",
    "ImageClassification",
    "ImageSpec",
    "Images",
    "Job",
    "LossHessian",
    "MemberProgress",
    "ModelEvaluator",
    "Network",
    "NoImages",
    "NoTestImages",
    "NotInTable",
    "OverAll",
    "Recipe",
    "RecipeError",
    "RungReport",
    "ScoreTable",
    "Sizes",
    "TableError",
    "TabularEvaluator",
    "Training",
    "calibrated",
    "check_evaluator",
    "dataset_of",
    "dead_units",
    "diagnose",
    "evaluator_from_name",
    "gradient_norms",
    "instability",
    "layer_signals",
    "load_test",
    "load_train",
    "locate",
    "loss_surface",
    "r2",
    "read_table",
    "recipe_from_name",
    "run_bracket",
    "shipped_tables",
    "spectral_density",
    "spectrum",
    "split",
    "subset",
    "survivors",
    "table_from_name",
    "tangent_kernel",
    "to_toml",
    "weight_change",
    "weight_matrices",
]
