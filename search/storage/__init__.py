"""What a search keeps on disk, and how it is read back."""
