"""An expression: its tree, its text in and out, and what it compiles to."""
