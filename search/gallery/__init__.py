"""The gallery: one self-contained page of a search's candidates."""
