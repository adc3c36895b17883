"""`werfpoort doctor`: every part where it stands, which is broken, and what to do about it.

verdicts.py    what is said of a part, as text, as JSON, as an exit code
machine.py     configuration, files, disk, journal, clock, service
lines.py       network layer by layer, each channel with its credentials
page.py        the page in the browser, and its certificate
devices.py     readers, keypad, lamps, printer, mains sensor
examination.py all of it, in the order in which a technician mends it
"""
