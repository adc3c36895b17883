"""Bundles: what a contractor takes away, made here, and opened elsewhere."""
