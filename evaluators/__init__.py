"""What a candidate is worth: recipes, data, stacked training, brackets, statistics."""

from .base import (
    Evaluator as Evaluator,
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
from .data import DataUnavailable as DataUnavailable
from .data import locate as locate
from .fashion_mnist import FashionMnist as FashionMnist
from .fashion_mnist import NoTestImages as NoTestImages
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
from .recipe import Recipe as Recipe
from .recipe import RecipeError as RecipeError
from .recipes import RECIPES as RECIPES
from .recipes import recipe_from_name as recipe_from_name
from .recipes import to_toml as to_toml
