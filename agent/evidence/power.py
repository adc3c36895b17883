"""The power, as far as a Raspberry Pi knows its own supply; the mains sensor is a device."""

from __future__ import annotations

from pathlib import Path

from agent.core.outage.measurements import FAILING, UNKNOWN, WELL, Reading

SENSORS = Path("/sys/class/hwmon")
PI_SENSOR = "rpi_volt"
"""The kernel's driver for the firmware's under-voltage flag (raspberrypi-hwmon)."""
ALARM = "in0_lcrit_alarm"


def supply_voltage(sensors: Path = SENSORS) -> Reading:
    """Failing while the supply sags; unknown where nothing measures it."""
    for sensor in sorted(sensors.glob("hwmon*")):
        try:
            if (sensor / "name").read_text("ascii").strip() == PI_SENSOR:
                return FAILING if (sensor / ALARM).read_text("ascii").strip() == "1" else WELL
        except OSError:
            continue
    return UNKNOWN
