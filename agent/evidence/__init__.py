"""What the gate measures, and never judges."""
