"""How many channels each place's activation gets, and in which dimension, by calls of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..errors import CandidateError
from .places import Place
from .watch import Call


def channel_counts(
    chosen: Sequence[Place],
    needed: bool,
    calls: Mapping[str, Sequence[Call]] | None,
    channel_dim: int | None,
) -> dict[str, tuple[int, int]]:
    """(count, dimension) by a place's name, where they are known.

    needed: whether the candidate learns values per channel; then it raises CandidateError where
    they are not. calls: of an example, by the place's name; None without one.
    """
    if calls is None:
        if needed:
            raise CandidateError(
                "the candidate learns parameters per channel: pass example=<an input of the "
                "model>, so that each place's channel count can be found"
            )
        return {}
    missing = [p.name for p in chosen if not calls[p.name]]
    counts = {}
    for place in chosen:
        try:
            if calls[place.name]:
                counts[place.name] = _count(place.name, calls[place.name], channel_dim)
        except CandidateError:
            if needed:
                raise
    if missing and needed:
        raise CandidateError(
            f"{len(missing)} of the activations did not run on the example, so their channel "
            f"count is unknown ({', '.join(missing[:4])}); use an example that reaches them"
        )
    return counts


def _count(name: str, calls: Sequence[Call], channel_dim: int | None) -> tuple[int, int]:
    dim = _dimension(name, calls) if channel_dim is None else channel_dim
    sizes = []
    for call in calls:
        if not -len(call.shape) <= dim < len(call.shape):
            raise CandidateError(
                f"channel_dim={dim} does not exist in an input of shape {call.shape}, "
                f"which the activation '{name}' gets"
            )
        sizes.append(call.shape[dim])
    if len(set(sizes)) > 1:
        first, second = list(dict.fromkeys(sizes))[:2]
        raise CandidateError(
            f"an activation used in several places gets {first} channels in one and "
            f"{second} in another: give each place its own, or use [layer] ('{name}')"
        )
    return sizes[0], dim


def _dimension(name: str, calls: Sequence[Call]) -> int:
    """The dimension of the channels that fits all calls, counted from the front or the back."""
    known = [(call.dim, len(call.shape)) for call in calls if call.dim is not None]
    known = known or [(-1, len(call.shape)) for call in calls if len(call.shape) in (1, 2)]
    for dim, length in known:
        for reading in (dim, dim + length if dim < 0 else dim - length):
            if all(reading in (d, d + n if d < 0 else d - n) for d, n in known):
                return reading
    raise CandidateError(
        f"no layer beside '{name}' shows where its input of shape {calls[0].shape} has the "
        f"channels: pass channel_dim=, 1 for images [B, C, H, W], -1 for tokens [B, T, C]"
    )
