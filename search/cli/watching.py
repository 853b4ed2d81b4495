"""A report shown anew until what it is about has ended: `--watch`."""

from __future__ import annotations

import time
from collections.abc import Callable

EVERY = 2.0  # seconds between two looks
SHARE = 10  # times what a look takes that passes before the next one

Look = Callable[[], tuple[str, bool]]  # the text, and whether anything runs


def watch(look: Look) -> None:
    """Show it anew until nothing runs, or until Ctrl-C, which leaves that running: in place on a
    terminal, else whenever it has changed."""
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    console = Console(highlight=False)
    shown = None
    try:
        with Live(console=console, auto_refresh=False) as live:
            while True:
                start = time.monotonic()
                text, runs = look()
                if console.is_terminal and not console.is_dumb_terminal:
                    live.update(Text(text), refresh=True)
                elif text != shown:
                    print(f"{text}\n", flush=True)
                if not runs:
                    return
                shown = text
                time.sleep(max(EVERY, SHARE * (time.monotonic() - start)))
    except KeyboardInterrupt:
        return
