"""`python -m actsearch.search.cli`, for where the script is not on the path."""

import sys

from .main import main

sys.exit(main())
