"""Werfpoort: the gate agent for Belgian building sites."""

__version__ = "0.1.0"
