"""`python -m imis_sso` is the command `imis-sso`."""

from imis_sso.cli import main

main()
