"""Records of `make search`, and the pages that are written from them."""
