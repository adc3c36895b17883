"""Measurements of network, power, clock and devices: they tell what is, and never judge."""
