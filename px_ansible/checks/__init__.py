"""What a run needs of this computer, looked at without a run: no network, no Ansible, nothing changed, no secret shown.

`prerequisites` refuses a run by the checks of `computer`; `px-ansible doctor` shows all of them.
"""

from __future__ import annotations

from px_ansible.checks.model import Check

__all__ = ["Check"]
