"""What the role leaves on a machine: units that are up, and secrets that nobody sees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from testinfra.host import Host

UNITS = ["px-mount-data.service", "px-mount-data-read-only.service", "px-mount-team-a.service"]


@pytest.mark.parametrize("unit", UNITS)
def test_the_unit_is_up_and_starts_at_boot(host: Host, unit: str) -> None:
    service = host.service(unit)
    assert service.is_running
    assert service.is_enabled


def test_systemd_has_nothing_to_complain_about(host: Host) -> None:
    assert host.run("systemctl is-system-running").stdout.strip() == "running"


def test_config_and_credentials_are_for_root_only(host: Host) -> None:
    found = host.check_output(
        "find /etc/px-mounts -mindepth 1 -printf '%y %m %u %P\\n' 2>/dev/null || true"
    ).splitlines()
    assert [line for line in found if line.split()[:3] not in (["d", "700", "root"], ["f", "600", "root"])] == []


def test_no_secret_is_where_others_can_read_it(host: Host, variables: dict[str, Any]) -> None:
    secrets = [str(one) for one in variables["scenario_mount"].get("credentials", {}).values()]
    everybody = host.check_output("cat /proc/[0-9]*/cmdline /etc/systemd/system/px-mount-*.service | tr '\\0' ' '")
    assert "px-mount" in everybody or "/data" in everybody
    assert [one for one in secrets if one in everybody] == []
