"""A cluster as an inventory for the user's own Ansible: as a script prints it, as a file, and for our plugin.

It is what px-ansible's own runs get, with the hosts of the last run; secrets are lookups.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from px_ansible.cluster import places_of, public_key_of
from px_ansible.clusters import config_of, find
from px_ansible.config import load
from px_ansible.errors import UsageError
from px_ansible.inventory import GROUP, inventory_of
from px_ansible.plans import Action, Found, HostPlan, make_plan
from px_ansible.run_folder import literal
from px_ansible.state import open_cluster

if TYPE_CHECKING:
    from pathlib import Path

    from px_ansible.config import Config
    from px_ansible.state import ClusterState


def of_file(file: Path, provider: str | None = None) -> dict[str, Any]:
    """Return the inventory of the cluster of a px.yaml."""
    config = load(file, provider=provider)
    return of_cluster(config, open_cluster(config.provider, config.cluster, config.file))


def of_name(name: str, provider: str | None = None) -> dict[str, Any]:
    """Return the inventory of a known cluster."""
    state = find(name, provider)
    return of_cluster(config_of(state, copy=True).config, state)


def of_cluster(config: Config, state: ClusterState) -> dict[str, Any]:
    """Return {"hosts": name -> variables, "vars": those of all}, with the hosts that there are."""
    known = state.read_inventory()
    if not known:
        raise UsageError(f"the cluster {config.cluster!r} has no hosts yet", hint="px-ansible provision")
    plan = make_plan(config, Found(applied=tuple(state.read_applied())))
    plan = replace(
        plan,
        hosts=tuple(HostPlan(name, Action.KEEP, None, host["address"]) for name, host in known.items()),
        mounts=tuple(mount for mount in plan.mounts if mount.action is not Action.REMOVE),
    )
    inventory = inventory_of(plan, places_of(config, state), public_key_of(config, state))
    group: dict[str, Any] = inventory["all"]["children"][GROUP]
    return group


def as_script(group: dict[str, Any]) -> dict[str, Any]:
    """Return what an inventory script prints for --list."""
    written = literal(group)
    return {
        "_meta": {"hostvars": written["hosts"]},
        "all": {"children": [GROUP]},
        GROUP: {"hosts": list(written["hosts"]), "vars": written["vars"]},
    }


def as_host(group: dict[str, Any], name: str) -> dict[str, Any]:
    """Return what an inventory script prints for --host NAME: nothing for a host that is not there."""
    variables: dict[str, Any] = literal(group["hosts"].get(name, {}))
    return variables


def as_yaml(group: dict[str, Any]) -> str:
    """Return an inventory file. Text that Ansible would take for a template is marked `!unsafe`."""
    import yaml  # noqa: PLC0415

    class Dumper(yaml.SafeDumper):
        def ignore_aliases(self, _data: object) -> bool:
            return True

    class Unsafe(str):
        __slots__ = ()

    def marked(value: Any) -> Any:
        if isinstance(value, dict):
            only = value.get("__ansible_unsafe")
            return Unsafe(only) if only is not None else {key: marked(one) for key, one in value.items()}
        return [marked(one) for one in value] if isinstance(value, list) else value

    Dumper.add_representer(Unsafe, lambda dumper, data: dumper.represent_scalar("!unsafe", str(data), style='"'))
    document = {"all": {"children": {GROUP: marked(literal(group))}}}
    return yaml.dump(document, Dumper=Dumper, sort_keys=False, width=1 << 16, allow_unicode=True)
