"""Print the script that makes TAB complete verbs, options and names in a shell.

examples:
  source <(actsearch completion bash)      # a line for ~/.bashrc
  source <(actsearch completion zsh)       # for ~/.zshrc, below compinit
  actsearch completion fish | source       # for ~/.config/fish/config.fish
"""

from __future__ import annotations

import argparse

ORDER = 150


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=("bash", "zsh", "fish"))


def run(options: argparse.Namespace) -> int:
    from argcomplete.shell_integration import shellcode

    print(shellcode(["actsearch"], shell=options.shell))
    return 0
