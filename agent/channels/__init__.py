"""The ways to the authority: one Protocol, one error tree, one module for each service."""
