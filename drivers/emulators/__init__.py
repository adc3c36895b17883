"""The other end of each wire, so that the same drivers run without hardware."""
