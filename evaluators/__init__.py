"""What a candidate is worth: recipes, data, stacked training, brackets, statistics."""

from .base import (
    Evaluator as Evaluator,
)
from .base import (
    FinalScore as FinalScore,
)
from .base import (
    Job as Job,
)
from .base import (
    Progress as Progress,
)
from .base import (
    RungReport as RungReport,
)
from .base import (
    SliceReport as SliceReport,
)
from .base import (
    Training as Training,
)
from .bracket import run_bracket as run_bracket
from .bracket import survivors as survivors
from .check import check_evaluator as check_evaluator
from .data import locate as locate
from .datasets import DATASETS as DATASETS
from .datasets import dataset_of as dataset_of
from .image_classification import ImageClassification as ImageClassification
from .image_classification import NoImages as NoImages
from .image_classification import NoTestImages as NoTestImages
from .images import (
    Images as Images,
)
from .images import (
    load_test as load_test,
)
from .images import (
    load_train as load_train,
)
from .images import (
    split as split,
)
from .images import (
    subset as subset,
)
from .model import ModelEvaluator as ModelEvaluator
from .names import BUILT_IN as BUILT_IN
from .names import evaluator_from_name as evaluator_from_name
from .recipe import Recipe as Recipe
from .recipe import RecipeError as RecipeError
from .recipes import RECIPES as RECIPES
from .recipes import recipe_from_name as recipe_from_name
from .recipes import to_toml as to_toml
from .reports import EvaluatorError as EvaluatorError
from .roads import DataUnavailable as DataUnavailable
