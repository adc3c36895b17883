"""What the gate decides, as values: no clock, file, socket, thread or device in here."""
