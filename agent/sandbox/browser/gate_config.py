"""How the gate of the page is configured: as a gate is, but that it waits seconds, not minutes."""

from __future__ import annotations

import json

from agent.sandbox.small_internet import ANCHORS, OTHER_RESOLVER, PAGE_NAME, THEIR_RESOLVER

MAINS_PIN = 26
TOKEN = "made-up-token"
ACCESS = "135790"
"""Of the agent's own page."""

GATE = """\
[gate]
name = "virtual"
training = true
languages = ["en", "nl"]
data_dir = "{folder}/data"
control_socket = "{folder}/control.sock"
roster = "{folder}/roster.csv"

[site]
name = "Virtual site"
address = "Stationsstraat 1, 9000 Gent"
declaration = "{declaration}"
company = "{company}"

[clock]
trust = "always"

[[employers]]
number = "0448181966"
name = "Bouwwerken De Linde"

[[employers]]
number = "0200065765"
name = "Toitures Meunier"

[[readers]]
name = "entrance"
kind = "pn532"
path = "{folder}/reader"

[panel]
amber = {amber}
green = {green}
red = {red}
buzzer = {buzzer}

[[channels]]
name = "checkinatwork"
kind = "checkinatwork"
address = "{address}"
certificate = "{folder}/gate.crt"
key = "{folder}/gate.key"
ca_file = "{folder}/authority.crt"
environment = "Simulation"
budget_s = 4

[delivery]
burst_s = 3
first_retry_s = 1
longest_retry_s = 3
waiting_after_s = 2
taken_back_after_s = 5

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
"""Completed as `agent.sandbox.site.CONFIG` is."""

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
