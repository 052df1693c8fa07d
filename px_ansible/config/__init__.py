"""px.yaml -> Config, or ConfigError with every problem of the file in file order.

`shape` holds the data to the JSON Schema, the others to the rules between fields. All of them look at one file in one
pass, and only a file without an issue becomes a Config. Nothing here touches a cloud.
"""

from __future__ import annotations

from px_ansible.config.load import load, parse, shown_name
from px_ansible.config.model import Cache, Config, Mount, Secret, Ssh

__all__ = ["Cache", "Config", "Mount", "Secret", "Ssh", "load", "parse", "shown_name"]
