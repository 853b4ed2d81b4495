"""The system's refusals to write, said as what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from actsearch.search import HomeUnusable
from actsearch.search.storage.usable import usable


def test_a_missing_folder_of_a_file_to_write_is_named(tmp_path: Path) -> None:
    with (
        pytest.raises(HomeUnusable, match="make that folder first, or choose another with -o"),
        usable(tmp_path / "none", "-o"),
    ):
        (tmp_path / "none" / "page.html").write_text("")
