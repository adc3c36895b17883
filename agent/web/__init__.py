"""The page: what stands today, what to do now, and who is on the site, for a phone in the sun.

server.py      listens, on a thread of its own with an asyncio loop; nothing of it reaches the loop
guard.py       what holds for every answer: whose host, whose origin, which headers
door.py        the codes, sessions, and the lock that grows with wrong codes
glance.py      today at a glance, as values, from what `werfpoort status` tells too
acting.py      each button as the question that a command would ask
live.py        one stream a browser, all of one snapshot
layers.py      the layers of the last hours, read beside the agent
reporting.py   reports of incidents, made in a process of their own
rendering.py   templates and texts
parts.py       the parts of the glance, once a look for all who see the same
opening.py     puts it together; probe.py asks it how it is
app.py         the addresses, and what each answers; static_files.py: what every page loads
shut.py        what they answer while the gate waits for its journal

It asks the loop as commands do (agent/desk.py), and reads what the loop published. Imported only
where [page] names a place to listen.
"""
