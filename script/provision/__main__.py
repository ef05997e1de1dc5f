"""Entry point of ``python -m provision``."""

from __future__ import annotations

import sys

from provision.command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
