#!/bin/bash
# Runs inside a booted container, as root: installs, runs, upgrades and removes the package, and
# says for each step what it saw. Ends with `all is well`, or at the first thing that is not.
set -euo pipefail
here=$(dirname "$0")
say() { echo "--- $*"; }
must() { # must WHAT COMMAND...
    local what=$1
    shift
    if "$@" >/tmp/said 2>&1; then echo "    ok: $what"; else
        echo "    NOT: $what: $*"
        cat /tmp/said
        journalctl -u werfpoort --no-pager -n 30
        exit 1
    fi
}
until_true() { # until_true SECONDS COMMAND...
    local end=$((SECONDS + $1))
    shift
    until "$@"; do ((SECONDS < end)) || return 1; sleep 0.3; done
}
pid() { systemctl show -p MainPID --value werfpoort; }
has() { grep -q "$1" "$2"; }
journal_name() { runuser -u werfpoort -- werfpoort status --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["journal"]["name"])'; }

say 'install the older package'
dpkg -i "$here"/older.deb
must 'the user is there' id werfpoort
must 'the command is there' werfpoort --version
must 'nothing runs without a configuration' bash -c '! systemctl is-active werfpoort'

say 'the rules of udev'
if udevadm verify --help >/dev/null 2>&1; then
    must 'udev takes them, groups and all' udevadm verify /usr/lib/udev/rules.d/6?-werfpoort*.rules
else echo "    (udevadm verify is younger than this release)"; fi

say 'configure and start'
install -d -o werfpoort -g werfpoort -m 0700 /var/lib/werfpoort
install -o werfpoort -m 0600 "$here"/roster.csv "$here"/gate.crt "$here"/gate.key /var/lib/werfpoort/
must 'init writes it from answers, as root' werfpoort init --answers "$here"/werfpoort.toml
must 'the agent may read it and nobody else' bash -c '[ "$(stat -c %a:%U:%G /etc/werfpoort/werfpoort.toml)" = 640:root:werfpoort ]'
must 'the key is its own' bash -c '[ "$(stat -c %a:%U /var/lib/werfpoort/journal.key)" = 600:werfpoort ]'
must 'the configuration is good' runuser -u werfpoort -- werfpoort config check /etc/werfpoort/werfpoort.toml
must 'it starts, and says so by itself' systemctl start werfpoort
must 'it told its manager that taps are accepted' bash -c 'systemctl show -p StatusText werfpoort | grep -q "taps are accepted"'
must 'it answers' until_true 20 runuser -u werfpoort -- werfpoort status
before=$(journal_name)

say 'the hardening is real'
status=/proc/$(pid)/status
must 'system calls are filtered' has '^Seccomp:.2$' "$status"
must 'no new privileges' has '^NoNewPrivs:.1$' "$status"
must 'no capabilities' has '^CapEff:.0000000000000000$' "$status"
must 'the system is read-only to it' bash -c "nsenter -t $(pid) -m -- findmnt -no OPTIONS / | grep -qw ro"
must 'its data is its own' bash -c '[ "$(stat -c %a:%U /var/lib/werfpoort)" = 700:werfpoort ]'

say 'bundles, made by a process of the hardened agent'
as_agent=(runuser -u werfpoort --)
must 'a contractor makes a key' werfpoort keys contractor --to /root/identity.txt
printf '[[contractors]]\ncompany = "0448181966"\nname = "Bouw"\nmain = true\nrecipient = "%s"\n' \
    "$(grep -o 'age1.*' /root/identity.txt)" >>/etc/werfpoort/werfpoort.toml
must 'the gate takes it' systemctl reload werfpoort
must 'it answers' until_true 20 "${as_agent[@]}" werfpoort status
install -d -o werfpoort -m 0700 /var/lib/werfpoort/taken
must 'the bundle is made' "${as_agent[@]}" werfpoort journal export --to /var/lib/werfpoort/taken
bundle=$(find /var/lib/werfpoort/taken -name '*.age')
must 'the contractor opens it' werfpoort bundle open "$bundle" --identity /root/identity.txt --to /root/opened
must 'a stick that is not there fails' bash -c '! systemctl start werfpoort-export@sdz9'
must 'and says so' bash -c 'journalctl -u werfpoort-export@sdz9 --no-pager | grep -q "put the stick in again"'
must 'the agent was told' bash -c 'runuser -u werfpoort -- werfpoort status | grep -q "export to stick sdz9.*put the stick in again"'
must 'a wish at the keypad is looked out for' systemctl is-active werfpoort-export-asked.path
touch /run/werfpoort/export-asked
must 'and taken' until_true 10 test ! -e /run/werfpoort/export-asked
must 'without a complaint' bash -c '! systemctl is-failed werfpoort-export-asked.service'

say 'the self-test'
(cd / && "${as_agent[@]}" werfpoort doctor --json) >/tmp/doctor || true
must 'it asks the agent' grep -A1 '"part": "agent"' /tmp/doctor
must 'it finds the rules of udev' grep -A2 '"part": "udev rules"' /tmp/doctor
must 'which are where udev looks (and no udev runs in a container)' grep 'are there, and' /tmp/doctor

say 'a reload'
must 'a good configuration is reloaded' systemctl reload werfpoort
echo '[nonsense]' >>/etc/werfpoort/werfpoort.toml
must 'a wrong one fails, and says why' bash -c '! systemctl reload werfpoort'
must 'the agent runs on' systemctl is-active werfpoort
sed -i '/nonsense/d' /etc/werfpoort/werfpoort.toml

say 'a stuck loop, and a crash'
was=$(pid)
kill -STOP "$was"
must 'a loop that is stuck is started anew' until_true 60 bash -c "p=\$(systemctl show -p MainPID --value werfpoort); [ \"\$p\" != $was ] && [ \"\$p\" != 0 ]"
must 'it answers again' until_true 20 runuser -u werfpoort -- werfpoort status
for _ in 1 2 3 4 5 6; do
    kill -KILL "$(pid)"
    until_true 20 bash -c '[ "$(systemctl show -p MainPID --value werfpoort)" != 0 ]'
done
must 'after six crashes it still comes back' until_true 20 runuser -u werfpoort -- werfpoort status

say 'upgrade'
dpkg -i "$here"/newer.deb
must 'it runs the new one' bash -c 'systemctl is-active werfpoort'
must 'it answers' until_true 20 runuser -u werfpoort -- werfpoort status
[ "$before" = "$(journal_name)" ] || { echo "NOT: the journal is another one"; exit 1; }
echo "    ok: the journal is the same: $before"
must 'one environment is left' bash -c '[ "$(ls -d /opt/werfpoort/3.* | wc -l)" = 1 ]'

say 'remove and purge'
dpkg -r werfpoort
must 'nothing runs' bash -c '! systemctl is-active werfpoort'
must 'the program is gone' bash -c '[ ! -e /opt/werfpoort ] && [ ! -e /usr/bin/werfpoort ]'
must 'the journal is kept' test -s /var/lib/werfpoort/journal.db
must 'the configuration is kept' test -s /etc/werfpoort/werfpoort.toml
dpkg -P werfpoort
must 'a purge keeps what is proof' test -s /var/lib/werfpoort/journal.db
echo 'all is well'
