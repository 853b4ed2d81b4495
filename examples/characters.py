"""Searches an activation for a small character model, a transformer block.

From the folder of this file:

    actsearch search --name letters --evaluator characters:evaluator --candidates 12 --finalists 2

The text is the source of Python's contextlib, some 27,000 characters that every machine with
Python has. One transformer block of width 64 sees 32 characters and guesses each next one; the
metric is the share of them that it gets right: minutes on two cores.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

import torch
from torch import Tensor, nn

from actsearch.evaluators import ModelEvaluator, Recipe

LENGTH = 32  # characters that the model sees
HELD_OUT, TESTED = 150, 150  # pieces of LENGTH characters
Pairs = tuple[Tensor, Tensor]


def text() -> str:
    """The source of contextlib."""
    return Path(contextlib.__file__).read_text(encoding="utf-8")


class Letters(nn.Module):
    """A transformer block over characters: int64 [B, T] to logits [B, characters, T]."""

    def __init__(self, characters: int, width: int = 64) -> None:
        super().__init__()
        self.letters = nn.Embedding(characters, width)
        self.places = nn.Parameter(0.02 * torch.randn(LENGTH, width))
        self.block = nn.TransformerEncoderLayer(
            width, 4, 4 * width, dropout=0.0, activation=nn.GELU(), batch_first=True
        )
        self.head = nn.Linear(width, characters)

    def forward(self, x: Tensor) -> Tensor:
        length = x.shape[1]
        mask = nn.Transformer.generate_square_subsequent_mask(length, device=x.device)
        hidden = self.block(self.letters(x) + self.places[:length], src_mask=mask, is_causal=True)
        logits: Tensor = self.head(hidden)
        return logits.transpose(1, 2)  # as cross-entropy and accuracy take them


def pieces() -> tuple[Pairs, int]:
    """Characters [N, LENGTH] and what follows each of them, and how many characters there are."""
    letters = text()
    numbers = {letter: number for number, letter in enumerate(sorted(set(letters)))}
    codes = torch.tensor([numbers[letter] for letter in letters])
    count = (len(codes) - 1) // LENGTH
    inputs = codes[: count * LENGTH].view(count, LENGTH)
    targets = codes[1 : count * LENGTH + 1].view(count, LENGTH)
    order = torch.randperm(count, generator=torch.Generator().manual_seed(0))
    return (inputs[order], targets[order]), len(numbers)


def evaluator() -> ModelEvaluator:
    """The evaluator of `--evaluator characters:evaluator`."""
    (inputs, targets), characters = pieces()
    return ModelEvaluator(
        lambda: Letters(characters),
        (inputs[TESTED:], targets[TESTED:]),
        validation=HELD_OUT,
        test=lambda: (inputs[:TESTED], targets[:TESTED]),
        replace=nn.GELU,
        recipe=Recipe(name="letters", rungs=(2, 6), batch_size=32, learning_rate=3e-3),
    )
