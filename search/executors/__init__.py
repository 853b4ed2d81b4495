"""Where jobs run: one seam, pulled by the executor, and two implementations."""
