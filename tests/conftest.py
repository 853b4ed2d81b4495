"""One thread per process, and the same hypothesis examples in every run."""

from __future__ import annotations

import hypothesis
import torch

torch.set_num_threads(1)  # the machine is shared, and sums come out the same everywhere

# Derandomised and without a deadline: a slow machine or a new seed must not fail the build.
hypothesis.settings.register_profile("stable", derandomize=True, deadline=None, database=None)
hypothesis.settings.load_profile("stable")
