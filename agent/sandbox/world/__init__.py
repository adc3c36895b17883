"""The world of a simulated site: its people, its infrastructure, its bad luck, all from a seed.

drawing.py         drawn(seed, weeks)  →  a World: the site, its people, all that happens there
misfortunes.py     what a gate could take for something else: drawn beside the rest
values.py          the World and its happenings as values, to keep in a file and to drop one by one
causes.py          what can fail, whose it is, and what a gate could know of it
infrastructure.py  what fails now: what is measured, and what becomes of a call
operator.py        the person at the gate: reads slips, phones, mistypes, is late or absent
tickets.py         a third party's number, as somebody gives it to the gate
roster_office.py   who is on the site, and the roster file that says so
play.py            the real agent lives through it;  beside.py  what else happens at a site
checks.py          what must always hold, held against what truly happened: claims.py (exemptions),
                   on_lists.py, held_by_services.py, reaching.py (what could be delivered), seen.py
score.py           incidents with two truths: whose it was, and what the gate could know
telling.py         the story of a run in words;  shrinking.py  the smallest one that still fails
"""
