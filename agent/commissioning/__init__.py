"""`werfpoort init`: from a machine with devices on it to a gate with a configuration.

detection.py   what is plugged in: readers, keypads, printers, pins
questions.py   what it cannot find out, asked or read from a file
writing.py     the configuration as TOML, and the keys
"""
