#!/bin/bash
# The first process of the machine that `make hardware-vm` boots: its root is the host's, read only.
# Runs the tests that need a kernel's own devices, says how they ended, and switches off.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp LANG=C.UTF-8
export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$extra HYPOTHESIS_STORAGE_DIRECTORY=/tmp/hypothesis
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /tmp
mount -t tmpfs tmpfs /run
mount -t configfs configfs /sys/kernel/config
ip link set lo up
# gpiozero asks which Raspberry Pi this is: a Pi 4 B with 2 GB.
sed '$ a Revision\t: b03112' /proc/cpuinfo >/tmp/cpuinfo
mount --bind /tmp/cpuinfo /proc/cpuinfo
# udev with its own rules and the package's.
mkdir -p /run/udev/rules.d
cd "$(dirname "$0")/../.." || exit 1
cp systemd/60-werfpoort.rules /run/udev/rules.d/
/lib/systemd/systemd-udevd --daemon
udevadm trigger --type=devices --action=add
udevadm settle --timeout=30
uname -sr
.venv/bin/python -m pytest -p no:cacheprovider --basetemp=/tmp/pytest -o addopts= \
    --import-mode=importlib -v -rs --color=no --durations=5 \
    ${only:-tests/hardware tests/drivers/test_reader_hid.py tests/drivers/test_keypad_usb.py}
echo "hardware-vm ended: $?, $(cut -d. -f1 /proc/uptime) s after power-up"
exec .venv/bin/python -c 'import ctypes; ctypes.CDLL(None).reboot(0x4321FEDC)'
