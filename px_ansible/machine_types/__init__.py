"""The clouds' machine types and their prices: data of one day, and the choice of the cheapest that is enough.

`data/<provider>.json` is that data, each with its date and where it is from; a file of the user adds to it or
replaces it. Nothing here asks a cloud.
"""

from __future__ import annotations

from px_ansible.machine_types.choose import Choice, choose, named
from px_ansible.machine_types.model import MachineType, PriceList
from px_ansible.machine_types.prices import price_list, users_file

__all__ = ["Choice", "MachineType", "PriceList", "choose", "named", "price_list", "users_file"]
