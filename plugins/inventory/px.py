# Apache-2.0 (see LICENSE)
"""The hosts of a px-ansible cluster as an inventory."""

from __future__ import annotations

DOCUMENTATION = r"""
name: px
short_description: The hosts of a px-ansible cluster
version_added: 0.1.0
author:
  - The px-ansible authors (@px-ansible)
description:
  - Reads from px-ansible on this computer the cluster's hosts, how to reach them, and the client roles' variables.
  - The hosts are in the group C(px_hosts). Secrets are lookups, read when they are needed.
options:
  plugin:
    description: This plugin.
    type: str
    required: true
    choices: [px.storage.px]
  config:
    description: The px.yaml, relative to the inventory file. Required unless O(cluster) is given.
    # Not path: Ansible would take it from the folder that it was started in.
    type: str
  cluster:
    description: The cluster's name, as C(px-ansible list) shows it. Its px.yaml need not exist any more.
    type: str
  provider:
    description: The provider, whatever px.yaml says.
    type: str
    env:
      - name: PX_PROVIDER
requirements:
  - px-ansible, in the Python that runs Ansible
"""

EXAMPLES = r"""
# inventory/px.yml
plugin: px.storage.px
config: ../px.yaml
---
# By name, from anywhere
plugin: px.storage.px
cluster: demo
"""

from pathlib import Path
from typing import Any

from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin
from ansible.template import trust_as_template

try:
    from px_ansible import errors, shared_inventory
    from px_ansible.lookups import Template
except ImportError as _missing:
    MISSING = _missing
else:
    MISSING = None


class InventoryModule(BaseInventoryPlugin):
    """Asks px-ansible."""

    NAME = "px.storage.px"

    def verify_file(self, path: str) -> bool:
        """Tell whether the file may be one of ours; whether it is, its `plugin:` says."""
        return super().verify_file(path) and path.endswith((".yml", ".yaml"))

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        """Fill the inventory."""
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        config, cluster = self.get_option("config"), self.get_option("cluster")
        if MISSING:
            raise AnsibleParserError(f"px-ansible is not in Ansible's Python: pip install px-ansible ({MISSING})")
        if not config and not cluster:
            raise AnsibleParserError(f"{path}: write `config: PX_YAML` or `cluster: NAME`")
        provider = self.get_option("provider")
        try:
            if config:
                group = shared_inventory.of_file(Path(path).absolute().parent / config, provider)
            else:
                group = shared_inventory.of_name(str(cluster), provider)
        except errors.PxError as error:
            raise AnsibleParserError(self._sentence(error)) from error
        self.inventory.add_group(shared_inventory.GROUP)
        for name, value in group["vars"].items():
            self.inventory.set_variable(shared_inventory.GROUP, name, self._trusted(value))
        for host, variables in group["hosts"].items():
            self.inventory.add_host(host, group=shared_inventory.GROUP)
            for name, value in variables.items():
                self.inventory.set_variable(host, name, self._trusted(value))

    def _trusted(self, value: Any) -> Any:
        """Return a value in which Ansible fills in px-ansible's own lookups, and no other text."""
        if isinstance(value, Template):
            return trust_as_template(str(value))
        if isinstance(value, dict):
            return {key: self._trusted(one) for key, one in value.items()}
        return [self._trusted(one) for one in value] if isinstance(value, (list, tuple)) else value

    @staticmethod
    def _sentence(error: Any) -> str:
        issues = [f"{one.file}:{one.line}: {one.message}" for one in getattr(error, "issues", ())]
        return "px-ansible: " + "; ".join([error.message, *issues, *([error.hint] if error.hint else [])])
