"""`python -m isms_graph.cli`, the same as `isms`."""

from isms_graph.cli import main

main()
