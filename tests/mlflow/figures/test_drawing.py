"""Pictures drawn in processes of their own are those drawn here, and none is lost."""

from __future__ import annotations

import io
import os
import signal

import numpy as np
import pytest
from PIL import Image

from actsearch.mlflow.figures import drawing
from actsearch.mlflow.figures.curves import CandidateCurves, as_image, candidate_curves, figure_of
from actsearch.space import parse

PICTURES = [
    candidate_curves(parse(text), learned)
    for text, learned in (
        ("x * sigmoid(beta * x)", {"beta": [1.5, 0.75]}),
        ("exp(x) * beta", {"beta": [0.5, -3.0]}),
        ("tanh(x)", None),
        ("min(x, sin(x)) + max(cosh(x), x ** 3) - sigmoid(x) * erf(x) + tanh(x) * 0.125", None),
        ("log(0 * x - 1)", None),
        ("sin(x)", None),
    )
]


def pixels(png: bytes) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGBA"), dtype=float)


def test_a_figure_used_again_shows_what_a_new_one_does() -> None:
    artist = drawing.Artist()
    for picture in (*PICTURES, *reversed(PICTURES)):
        shown = pixels(artist.draw(picture).png)
        image = as_image(figure_of(picture)).quantize(drawing.COLOURS).convert("RGBA")
        assert np.array_equal(shown, np.asarray(image, dtype=float))


def test_another_process_draws_the_same_and_its_death_loses_no_picture() -> None:
    studio = drawing.Studio()
    try:
        first = [studio.draw(lambda p=p: p).result() for p in PICTURES]  # type: ignore[misc]
        assert [d.png for d in first] == [drawing.Artist().draw(p).png for p in PICTURES]
        assert max(Image.open(io.BytesIO(first[0].thumbnail)).size) == drawing.THUMBNAIL
        for process in studio.processes:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        again = [studio.draw(lambda p=p: p).result() for p in PICTURES]  # type: ignore[misc]
        assert again == first
    finally:
        studio.close()
    assert all(process.returncode is not None for process in studio.processes)


def test_what_cannot_be_computed_is_raised_where_the_picture_is_asked_for() -> None:
    studio = drawing.Studio()

    def broken() -> CandidateCurves:
        raise ZeroDivisionError("a bug")

    with pytest.raises(ZeroDivisionError, match="a bug"):
        studio.draw(broken).result()
    studio.close()
