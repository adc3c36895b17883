"""`python -m agent` is the command `werfpoort`."""

from agent.cli import main

main()
