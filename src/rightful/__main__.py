"""`python -m rightful`."""

from rightful.cli import main

main()
