"""The virtual site in a browser: the gate on one side, the world around it on the other."""
