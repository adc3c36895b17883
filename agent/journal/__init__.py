"""The journal: append-only, sealed entry by entry, and the only thing the gate believes."""
