"""Train a recipe's network once and look inside it: everything at once, as one `Diagnosis`."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor, nn

from ...space import ActsearchError, Expression, UnknownNameError
from ..data.images import Images, split, subset
from ..protocol.evaluator import MemberProgress
from ..recipes.recipe import Recipe
from ..training.activations import shared
from ..training.device_data import Batches, DataSplits
from .batchnorm import calibrated
from .curvature.hessian import LossHessian
from .curvature.instability_index import Instability, instability
from .curvature.spectral_density import Spectrum, spectrum
from .dead_units import DeadUnits, dead_units
from .gradients import GradientNorms, gradient_norms, weight_layers
from .loss_surface import Surface, loss_surface
from .result import (
    PARTS,
    Diagnosis,
    Epoch,
    Look,
)
from .signals import LayerSignals, layer_signals
from .sizes import Sizes
from .tangent_kernel import TangentKernel, tangent_kernel
from .training import epochs
from .weight_change import WeightMatrices, weight_change, weight_matrices

OnStage = Callable[[str], None]


class NoValidationImages(ActsearchError):
    """Raised for a recipe that holds no images out: its score is on the test set."""


def diagnose(
    candidate: Expression,
    recipe: Recipe,
    images: Images,
    seed: int = 0,
    *,
    parts: Collection[str] = PARTS,
    sizes: Sizes | None = None,
    device: str = "cpu",
    on_stage: OnStage = lambda _: None,
) -> Diagnosis:
    """Train the candidate in the recipe's network on the training images, and look inside.

    images: the training set, of which the recipe holds some out. seed: of weights, batches,
    probes and directions. parts: to look at, of PARTS. on_stage: called as each begins.

    Raises UnknownNameError for a part, NoValidationImages for a recipe without validation images.
    """
    for part in parts:
        if part not in PARTS:
            raise UnknownNameError("part", part, PARTS)
    if not recipe.selects:
        raise NoValidationImages(
            f"recipe {recipe.label} scores on the test set, which stays closed here: use "
            f"dldna-validation, or a recipe whose validation is above 0"
        )
    run = _Run(candidate, recipe, images, seed, frozenset(parts), sizes or Sizes(), on_stage)
    return run.diagnosis(torch.device(device))


@dataclass(slots=True)
class _Run:
    """One diagnosis in the making."""

    candidate: Expression
    recipe: Recipe
    images: Images
    seed: int
    parts: frozenset[str]
    sizes: Sizes
    on_stage: OnStage
    seconds: dict[str, float] = field(default_factory=dict)

    def diagnosis(self, device: torch.device) -> Diagnosis:
        recipe = self.recipe
        limited = self.images if recipe.limit is None else subset(self.images, recipe.limit)
        held = split(limited, validation=recipe.validation, seed=recipe.split_seed)
        sets = DataSplits.on(device, recipe, *held)
        train = sets.train
        seen = _first(train, self.sizes.images)
        candidate = shared(self.candidate, recipe.granularity)
        net = recipe.build(candidate, self.seed, train.spec).to(device)
        start = weight_matrices(net)
        fresh = calibrated(net, seen[0])
        before = self._look(fresh, train, seen, "at initialisation")
        kernel = self._kernel(fresh, seen)
        history = [self._start(fresh, seen)]
        reason = None
        progress = epochs(net, candidate, recipe, self.seed, sets)
        for number, epoch in self._trained(progress):
            history.append(self._epoch(net, number, epoch, start, seen))
            reason = epoch.reason
        net.eval()
        after = None if reason else self._look(net, train, seen, "after training")
        return Diagnosis(
            expression=str(self.candidate),
            recipe=recipe.label,
            network=recipe.network,
            seed=self.seed,
            parameters=sum(p.numel() for p in net.parameters()),
            train_images=len(train),
            images=len(seen[1]),
            layers=tuple(weight_layers(net)),
            before=before,
            after=after,
            epochs=tuple(_with_initial(history, candidate)),
            surface=None if reason else self._surface(net, seen),
            kernel=kernel,
            reason=reason,
            seconds=dict(self.seconds),
            torch=torch.__version__,
        )

    def _trained(self, progress: Iterator[MemberProgress]) -> Iterator[tuple[int, MemberProgress]]:
        """The epochs, numbered from 1, as they end."""
        for number in range(1, self.recipe.epochs + 1):
            with self._timed("training", None):
                epoch = next(progress, None)
            if epoch is None:
                return
            self.on_stage(
                f"epoch {number} of {self.recipe.epochs}: validation "
                f"{100 * epoch.val_accuracy:.2f} %" + (f", {epoch.reason}" if epoch.reason else "")
            )
            yield number, epoch

    def _look(
        self, net: nn.Module, train: Batches, seen: tuple[Tensor, Tensor], when: str
    ) -> Look:
        signals: tuple[LayerSignals, ...] = ()
        dead: tuple[DeadUnits, ...] = ()
        gradients: GradientNorms | None = None
        hessian: Spectrum | None = None
        index: Instability | None = None
        if "signals" in self.parts:
            with self._timed("signals", f"signals {when}"):
                signals = layer_signals(net, *seen)
        if "dead" in self.parts:
            with self._timed("dead", f"dead units {when}, {len(train):,} images"):
                dead = dead_units(net, (x for x, _ in train.in_order()))
        if "gradients" in self.parts:
            with self._timed("gradients", None):
                gradients = gradient_norms(net, *seen)
        if "hessian" in self.parts:
            with self._timed("hessian", f"Hessian {when}"):
                product = LossHessian(net, *seen)
                hessian = spectrum(
                    product, product.size, self._generator(1), like=product.gradient,
                    probes=self.sizes.probes, steps=self.sizes.steps,
                )  # fmt: skip
        if "instability" in self.parts:
            with self._timed("instability", f"instability index {when}"):
                index = instability(
                    net, self._mini_batches(seen), self._generator(2),
                    probes=self.sizes.index_probes,
                )  # fmt: skip
        return Look(
            signals=signals, dead=dead, gradients=gradients, hessian=hessian, instability=index
        )

    def _start(self, net: nn.Module, seen: tuple[Tensor, Tensor]) -> Epoch:
        gradients = gradient_norms(net, *seen) if "gradients" in self.parts else None
        change = (0.0,) * len(weight_layers(net)) if "change" in self.parts else ()
        return Epoch(number=0, gradients=gradients, change=change)

    def _epoch(
        self,
        net: nn.Module,
        number: int,
        progress: MemberProgress,
        start: WeightMatrices,
        seen: tuple[Tensor, Tensor],
    ) -> Epoch:
        gradients = None
        change: tuple[float, ...] = ()
        if "gradients" in self.parts:
            with self._timed("gradients", None):
                gradients = gradient_norms(net, *seen)
        if "change" in self.parts:
            with self._timed("change", None):
                change = weight_change(start, net)
        return Epoch(
            number=number,
            accuracy=progress.val_accuracy,
            loss=progress.val_loss,
            train_loss=progress.train_losses[-1],
            gradients=gradients,
            change=change,
            learned=progress.learned,
        )

    def _kernel(self, net: nn.Module, seen: tuple[Tensor, Tensor]) -> TangentKernel | None:
        if "kernel" not in self.parts:
            return None
        with self._timed("kernel", "tangent kernel at initialisation"):
            return tangent_kernel(net, seen[0][: self.sizes.kernel_images])

    def _surface(self, net: nn.Module, seen: tuple[Tensor, Tensor]) -> Surface | None:
        if "surface" not in self.parts:
            return None
        with self._timed("surface", f"loss surface, {self.sizes.points}² points"):
            return loss_surface(net, *seen, self._generator(3), points=self.sizes.points)

    def _mini_batches(self, seen: tuple[Tensor, Tensor]) -> list[tuple[Tensor, Tensor]]:
        size = self.recipe.batch_size
        pieces = zip(seen[0].split(size), seen[1].split(size), strict=True)
        return list(pieces)[: self.sizes.index_batches]

    def _generator(self, stream: int) -> torch.Generator:
        """Random numbers of one part: the same whatever else is looked at."""
        return torch.Generator().manual_seed(self.seed * 1_000_003 + stream)

    @contextmanager
    def _timed(self, part: str, text: str | None) -> Iterator[None]:
        if text is not None:
            self.on_stage(text)
        start = time.perf_counter()
        yield
        self.seconds[part] = self.seconds.get(part, 0.0) + time.perf_counter() - start


def _first(train: Batches, count: int) -> tuple[Tensor, Tensor]:
    """The first training images, which the split has shuffled, and their labels."""
    chosen = replace(train, pixels=train.pixels[:count], labels=train.labels[:count])
    pieces = list(chosen.in_order())
    return torch.cat([x for x, _ in pieces]), torch.cat([labels for _, labels in pieces])


def _with_initial(epochs: list[Epoch], candidate: Expression) -> Iterator[Epoch]:
    """The epochs, the first one with the activation parameters' initial values."""
    learned = epochs[-1].learned
    initial = {
        p.name: (p.initial,) * len(learned[p.name])
        for p in candidate.parameters
        if p.name in learned
    }
    first = epochs[0]
    yield Epoch(number=0, gradients=first.gradients, change=first.change, learned=initial)
    yield from epochs[1:]
