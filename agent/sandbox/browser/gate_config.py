"""How the gate of the page is configured: as a gate is, but that it waits seconds, not minutes."""

from __future__ import annotations

import json
import re
from collections.abc import Collection

from agent.sandbox.site import CONFIG
from agent.sandbox.small_internet import ANCHORS, OTHER_RESOLVER, PAGE_NAME, THEIR_RESOLVER

MAINS_PIN = 26
TOKEN = "made-up-token"
ACCESS = "135790"
"""Of the agent's own page."""

GATE = (
    CONFIG.replace("training = true\n", 'training = true\nlanguages = ["en", "nl"]\n')
    .replace('environment = "Simulation"\n', 'environment = "Simulation"\nbudget_s = 4\n')
    .replace("waiting_after_s = 2\n", "waiting_after_s = 2\ntaken_back_after_s = 5\n")
    + """
[[employers]]
number = "0448181966"
name = "Bouwwerken De Linde"

[[employers]]
number = "0200065765"
name = "Toitures Meunier"

[outage]
hysteresis_s = 10
call_s = 15

[power]
feed = "grid"
battery = true
mains_pin = 26

[[uplinks]]
name = "line"
provider = "The provider"
box = "site"
box_on_mains = true
"""
)
"""That of `agent.sandbox.site` and more, completed as that is."""

MORE = """
[[channels]]
name = "supplier"
kind = "supplier"
address = "SUPPLIER"
token_file = "{folder}/supplier.token"
environment = "Simulation"
ca_file = "{folder}/authority.crt"
budget_s = 4

[[contractors]]
company = "{company}"
name = "Bouwwerken De Linde"
recipient = "RECIPIENT"
main = true

[page]
listen = "127.0.0.1:PAGE"
code = "ACCESS"
"""
"""What `agent.sandbox.browser.place` puts in for the words in capitals."""

INTERNET_EVIDENCE = f"""
[evidence]
anchors = {json.dumps([f"{name} {address}" for name, address in ANCHORS.items()])}
anchors_ca_file = "{{folder}}/authority.crt"
resolvers = ["{THEIR_RESOLVER}"]
other_resolvers = ["{OTHER_RESOLVER}"]
empty_page = "http://{PAGE_NAME}/generate_204"
"""

LINES = ("checkinatwork", "supplier")
"""Its channels."""
_CHANNEL = re.compile(r'(?m)^\[\[channels\]\]\nname = "(?P<name>.*)"\n(?:[^\[\n].*\n)*')


def only(config: str, lines: Collection[str]) -> str:
    """The configuration without the channels of other names."""
    return _CHANNEL.sub(lambda found: found[0] if found["name"] in lines else "", config)
