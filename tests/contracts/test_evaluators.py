"""Every evaluator we ship keeps the contract of evaluators, for both of its networks."""

from __future__ import annotations

import pytest

from actsearch.evaluators import (
    RECIPES,
    Evaluator,
    ImageClassification,
    Images,
    Recipe,
    load_test,
    load_train,
    subset,
)
from contracts import own
from contracts.evaluators import EvaluatorContract


@pytest.fixture(scope="module")
def train() -> Images:
    return load_train()


@pytest.mark.usefixtures("one_thread")
class TestStackedMlp(EvaluatorContract):
    """The MLP of the default recipe, at its real widths."""

    @pytest.fixture
    def evaluator(self, train: Images) -> Evaluator:
        return ImageClassification({"fashion-mnist": train})

    @pytest.fixture
    def with_test(self, train: Images) -> Evaluator:
        return ImageClassification(
            {"fashion-mnist": train}, {"fashion-mnist": subset(load_test(), 500)}
        )

    @pytest.fixture
    def recipe(self) -> Recipe:
        return Recipe(rungs=(1, 2, 3)).limited(700)


class TestConvNet(TestStackedMlp):
    """The second network of every confirmation."""

    @pytest.fixture
    def recipe(self) -> Recipe:
        return RECIPES["conv"].limited(400)


class TestOwnNetwork(EvaluatorContract):
    """Any network and data, here a small MLP with dropout."""

    @pytest.fixture(scope="class")
    @classmethod
    def evaluator(cls) -> Evaluator:
        return own.without_test()

    @pytest.fixture(scope="class")
    @classmethod
    def with_test(cls) -> Evaluator:
        return own.evaluator().opened() or pytest.fail("it has test data")

    @pytest.fixture
    def recipe(self) -> Recipe:
        return own.without_test().recipe
