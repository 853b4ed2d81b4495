"""Pictures drawn in processes of their own, so that the driver's interpreter stays free.

A picture costs about as much as MLflow takes for all the rest of a run. As a program,
`python -m actsearch.mlflow.figures.drawing` draws what comes in on what goes out.
"""

from __future__ import annotations

import atexit
import io
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import IO, TYPE_CHECKING

import numpy as np

from .curves import CandidateCurves, as_image
from .frame import Frame

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from PIL.Image import Image

PROCESSES = min(2, os.cpu_count() or 1)
COLOURS = 64  # of the palette: with three inks and their shades nobody sees the difference
THUMBNAIL = 256  # pixels of the longer side, as MLflow's own


@dataclass(frozen=True, slots=True)
class Drawing:
    """A picture as files: the whole as PNG, and a thumbnail for the gallery as WebP."""

    png: bytes
    thumbnail: bytes


class Artist:
    """Draws one picture after another, into frames that it keeps."""

    def __init__(self) -> None:
        self._frames: dict[tuple[int, bool, bool], Frame] = {}

    def draw(self, picture: CandidateCurves) -> Drawing:
        kind = len(picture.layers), picture.learned, bool(np.isfinite(picture.value).any())
        if kind not in self._frames:
            self._frames[kind] = Frame(picture)
        return as_files(self._frames[kind].draw(picture))


def encoded(figure: Figure) -> Drawing:
    """A figure as files."""
    return as_files(as_image(figure))


def as_files(image: Image) -> Drawing:
    """An image as files."""
    from PIL.Image import Resampling

    png, thumbnail = io.BytesIO(), io.BytesIO()
    image.quantize(COLOURS).save(png, "PNG")
    scale = THUMBNAIL / max(image.size)
    size = (round(image.width * scale), round(image.height * scale))
    image.resize(size, Resampling.BOX).save(thumbnail, "WEBP", method=0)
    return Drawing(png.getvalue(), thumbnail.getvalue())


def png(figure: Figure) -> bytes:
    """A figure as a PNG file."""
    file = io.BytesIO()
    as_image(figure).quantize(COLOURS).save(file, "PNG")
    return file.getvalue()


class Studio:
    """A few processes that draw, started when first needed.

    A process that dies takes its picture with it: that one is then drawn here.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(PROCESSES, thread_name_prefix="drawing")
        self._mine = threading.local()  # each thread speaks to a process of its own
        self.processes: list[subprocess.Popen[bytes]] = []

    def draw(self, picture: Callable[[], CandidateCurves]) -> Future[Drawing]:
        """The drawing of what `picture` computes, as soon as there is one."""
        return self._threads.submit(self._draw, picture)

    def close(self) -> None:
        """End the processes at once: what one of them still draws is drawn here, or not at all."""
        for process in self.processes:
            process.kill()
        for process in self.processes:
            with process:  # closes its pipes and waits for it
                pass

    def _draw(self, picture: Callable[[], CandidateCurves]) -> Drawing:
        curves = picture()
        if not hasattr(self._mine, "process"):
            self._mine.process = self._start()
        try:
            return _drawn_by(self._mine.process, curves)
        except (OSError, EOFError, pickle.UnpicklingError):
            del self._mine.process
            return Artist().draw(curves)

    def _start(self) -> subprocess.Popen[bytes]:
        # A session of its own: Ctrl-C is the driver's. -P: as for MLflow's server.
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.processes.append(process)
        return process


@cache
def studio() -> Studio:
    """The one of this process, closed at its end."""
    made = Studio()
    atexit.register(made.close)
    return made


def _drawn_by(process: subprocess.Popen[bytes], curves: CandidateCurves) -> Drawing:
    assert process.stdin is not None
    assert process.stdout is not None
    pickle.dump(curves, process.stdin)
    process.stdin.flush()
    png, thumbnail = pickle.load(process.stdout)
    return Drawing(png, thumbnail)


def main(pictures: IO[bytes], drawings: IO[bytes]) -> None:
    """Draw until there is nothing more to read."""
    artist = Artist()
    while True:
        try:
            picture = pickle.load(pictures)
        except EOFError:
            return
        drawing = artist.draw(picture)
        pickle.dump((drawing.png, drawing.thumbnail), drawings)
        drawings.flush()


if __name__ == "__main__":
    main(sys.stdin.buffer, sys.stdout.buffer)
