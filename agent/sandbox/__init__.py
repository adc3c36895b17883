"""The virtual site: emulated services and the world around a gate. No real gate loads it."""
