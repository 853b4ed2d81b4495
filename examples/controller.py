"""The search of the Swish paper as a strategy of one's own: an RNN that is trained by PPO.

From the folder of this file:

    actsearch search --name controller --strategy controller:Controller --candidates 200

A recurrent network chooses one component after another, each choice fed back to it, and learns
from the validation accuracy of what it chose (Ramachandran, Zoph and Le 2017, section 2; Bello et
al. 2017): proximal policy optimisation (Schulman et al. 2017), with an exponential moving average
of the accuracies as the baseline.

It is an example of a strategy with a state. All of it follows from the seed and from the results
in the study, in their order, so what is kept from one proposal to the next saves time and no more:
a study with other results than those it has learned from, as after a resume, has it begin anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import optuna
import torch
from optuna.trial import FrozenTrial, TrialState
from torch import Tensor, nn

from actsearch.search import Strategy
from actsearch.space import Encoding, Space

SIZE = 64  # of the LSTM's state
WEIGHTS = 0.1  # initial ones are uniform up to it: nearly all choices are as likely at first
LEARNING_RATE = 5e-3  # of Adam; with some hundred results, not the ten thousands of the papers
BATCH = 9  # results of an update: a bracket
STEPS = 4  # of Adam for each
CLIP = 0.2  # of the ratio of new to old probability
ENTROPY = 1e-2  # weight of a choice's entropy, which keeps the policy from narrowing too soon
DECAY = 0.95  # of the baseline
DRAWS = 20  # for an encoding that was not proposed before


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the options at a place in the tree."""

    options: tuple[str, ...]
    index: int


@dataclass(frozen=True, slots=True)
class Result:
    """Result of a trial; reward: the accuracy at the last rung it reached, 0 if it diverged."""

    number: int
    encoding: Encoding
    reward: float


class Policy(nn.Module):
    """The probability of each option, given the choices before it.

    Places with the same options share their embedding and their output layer, whose first weights
    depend on the seed and these options alone, not on when they are first met.
    """

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._seed = seed
        self._cell = nn.LSTMCell(SIZE, SIZE)
        self._embeddings, self._outputs = nn.ModuleDict(), nn.ModuleDict()
        self._draw(self._cell, "cell")

    def prepare(self, space: Space, encoding: Encoding) -> list[Choice]:
        """The choices of an encoding, in the order in which the space asks for them; layers are
        made for options that were not met before."""
        choices: list[Choice] = []

        def choose(path: str, options: tuple[str, ...]) -> str:
            self._layers(options)
            choices.append(Choice(options, options.index(encoding[path])))
            return encoding[path]

        space.build(choose)
        return choices

    @torch.no_grad()
    def sample(self, space: Space, rng: np.random.Generator) -> dict[str, str]:
        """An encoding drawn from the policy."""
        encoding: dict[str, str] = {}
        token, state = torch.zeros(1, SIZE), None

        def choose(path: str, options: tuple[str, ...]) -> str:
            nonlocal token, state
            embedding, output = self._layers(options)
            state = self._cell(token, state)
            odds = output(state[0])[0].double().softmax(0).numpy()
            index = int(rng.choice(len(options), p=odds / odds.sum()))
            token = embedding(torch.tensor([index]))
            encoding[path] = options[index]
            return options[index]

        space.build(choose)
        return encoding

    def forward(self, choices: Sequence[Choice]) -> tuple[Tensor, Tensor]:
        """The logarithm of the probability of these choices together, and their mean entropy."""
        token, state = torch.zeros(1, SIZE), None
        chosen, entropies = [], []
        for choice in choices:
            embedding, output = self._layers(choice.options)
            state = self._cell(token, state)
            logs = output(state[0])[0].log_softmax(0)
            chosen.append(logs[choice.index])
            entropies.append(-(logs.exp() * logs).sum())
            token = embedding(torch.tensor([choice.index]))
        return torch.stack(chosen).sum(), torch.stack(entropies).mean()

    def _layers(self, options: tuple[str, ...]) -> tuple[nn.Module, nn.Module]:
        key = hashlib.sha256("\n".join(options).encode()).hexdigest()
        if key not in self._outputs:
            self._embeddings[key] = nn.Embedding(len(options), SIZE)
            self._outputs[key] = nn.Linear(SIZE, len(options))
            self._draw(self._embeddings[key], f"embedding {key}")
            self._draw(self._outputs[key], f"output {key}")
        return self._embeddings[key], self._outputs[key]

    def _draw(self, module: nn.Module, name: str) -> None:
        """Draw a module's first weights from the seed and its name."""
        digest = hashlib.sha256(f"{self._seed} {name}".encode()).digest()
        generator = torch.Generator().manual_seed(int.from_bytes(digest[:7]))
        for weights in module.parameters():
            nn.init.uniform_(weights, -WEIGHTS, WEIGHTS, generator)


class Controller(Strategy):
    """Draws from a policy that has learned from all whole batches of results, in their order."""

    def __init__(self, space: Space, seed: int) -> None:
        super().__init__(space, seed)
        self._begin()

    def propose(
        self, study: optuna.Study, trial: FrozenTrial, rng: np.random.Generator
    ) -> Encoding:
        trials = study.get_trials(deepcopy=False)
        self._learn(results_of(trials))
        proposed = {frozenset(t.params.items()) for t in trials}
        for _ in range(DRAWS):
            encoding = self._policy.sample(self.space, rng)
            if frozenset(encoding.items()) not in proposed:
                break
        return encoding

    def _begin(self) -> None:
        self._policy = Policy(self.seed)
        self._optimizer = torch.optim.Adam(self._policy.parameters(), LEARNING_RATE)
        self._baseline: float | None = None
        self._learned: list[Result] = []

    def _learn(self, results: Sequence[Result]) -> None:
        """Bring the policy to where these results lead, from where it stands if that is on the
        way, else from the beginning."""
        whole = list(results[: len(results) // BATCH * BATCH])
        if self._learned != whole[: len(self._learned)]:
            self._begin()
        for start in range(len(self._learned), len(whole), BATCH):
            self._update(whole[start : start + BATCH])
        self._learned = whole

    def _update(self, batch: Sequence[Result]) -> None:
        """PPO. The policy as it stands is the old one, though the results are of an earlier still
        (a search does not see its latest candidates), or of no policy (the random ones that follow
        a run of rejected proposals)."""
        episodes = [self._policy.prepare(self.space, result.encoding) for result in batch]
        self._take_up_new_layers()
        advantages = torch.tensor([self._advantage(result.reward) for result in batch])
        old = None
        for _ in range(STEPS):
            logs, entropies = map(torch.stack, zip(*map(self._policy, episodes), strict=True))
            old = logs.detach() if old is None else old
            ratio = (logs - old).exp()
            gain = torch.minimum(ratio * advantages, ratio.clamp(1 - CLIP, 1 + CLIP) * advantages)
            self._optimizer.zero_grad()
            (-gain.mean() - ENTROPY * entropies.mean()).backward()
            self._optimizer.step()

    def _take_up_new_layers(self) -> None:
        known = {weights for group in self._optimizer.param_groups for weights in group["params"]}
        if new := [weights for weights in self._policy.parameters() if weights not in known]:
            self._optimizer.add_param_group({"params": new})

    def _advantage(self, reward: float) -> float:
        """The reward less the running average of those before it, which it then enters."""
        baseline = reward if self._baseline is None else self._baseline
        self._baseline = DECAY * baseline + (1 - DECAY) * reward
        return reward - baseline


def results_of(trials: Sequence[FrozenTrial]) -> list[Result]:
    """The results of those that were trained, in the order of their proposals."""
    ended = [t for t in trials if t.state in (TrialState.COMPLETE, TrialState.PRUNED)]
    trained = [t for t in ended if t.intermediate_values or "result" in t.user_attrs]
    return [Result(t.number, t.params, reward_of(t)) for t in trained]


def reward_of(trial: FrozenTrial) -> float:
    """The accuracy at the last rung, a fraction; 0 for a candidate that diverged."""
    if "infeasible" in trial.user_attrs:
        return 0.0
    return trial.intermediate_values[max(trial.intermediate_values)]
