"""The virtual site: the emulated service and the world around a gate. A real gate never loads it."""
