"""`python -m badapple`."""

import sys

from badapple.cli import main

if __name__ == "__main__":
    sys.exit(main())
