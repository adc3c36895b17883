"""The append-only store of what happened at the gate."""
