"""px.yaml -> Config, or ConfigError with every problem of the file in file order.

`shape` holds the data to the JSON Schema, `mounts` and `cluster` to the rules between fields. All three look
at one file in one pass, and only a file without an issue becomes a Config. Nothing here touches a cloud.
"""

from __future__ import annotations

from px_ansible.config.load import load, parse, shown_name
from px_ansible.config.model import Cache, Config, Mount, Secret

__all__ = ["Cache", "Config", "Mount", "Secret", "load", "parse", "shown_name"]
