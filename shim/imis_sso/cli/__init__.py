"""The command `imis-sso`: one module for each command.

Modules that cost time to import are imported by the command that needs them, so that `--help`
answers at once.
"""

from __future__ import annotations


def main() -> None:
    """Run the command line and leave with Terraform's exit codes: 0, 1 for an error, 2."""
    from imis_sso.cli.commands import run  # keeps `import imis_sso.cli` cheap

    run()
