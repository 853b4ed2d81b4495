"""What a candidate is worth: recipes, data, stacked training, brackets, statistics."""

from .base import (
    Evaluator as Evaluator,
    Job as Job,
    Progress as Progress,
    RungReport as RungReport,
    SliceReport as SliceReport,
    Training as Training,
)
from .bracket import run_bracket as run_bracket, survivors as survivors
from .data import DataUnavailable as DataUnavailable, locate as locate
from .fashion_mnist import FashionMnist as FashionMnist, NoTestImages as NoTestImages
from .images import (
    Images as Images,
    load_test as load_test,
    load_train as load_train,
    split as split,
    subset as subset,
)
from .recipe import (
    RECIPES as RECIPES,
    Recipe as Recipe,
    RecipeError as RecipeError,
    recipe_from_name as recipe_from_name,
)
