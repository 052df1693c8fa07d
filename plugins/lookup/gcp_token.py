# Apache-2.0 (see LICENSE)
"""A short-lived token of a service account that the caller may act as."""

from __future__ import annotations

DOCUMENTATION = r"""
name: gcp_token
short_description: A token of a service account that you may act as
version_added: 0.2.0
author:
  - The px-ansible authors (@px-ansible)
description:
  - Takes Application Default Credentials, and asks IAM for a token of another service account, good for an hour.
    The modules of google.cloud have no option for it, but they take a token. Needs
    C(roles/iam.serviceAccountTokenCreator) on that account.
options:
  _terms: {description: The address of the service account., required: true}
"""

EXAMPLES = r"""
- name: Act as another account
  google.cloud.gcp_compute_network_info:
    project: my-project
    auth_kind: accesstoken
    access_token: "{{ lookup('px.storage.gcp_token', 'deploy@my-project.iam.gserviceaccount.com') }}"
"""

RETURN = r"""
_raw: {description: The token., type: list, elements: str}
"""

import os
import typing as t

from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase

_SCOPE = ["https://www.googleapis.com/auth/cloud-platform"]


class LookupModule(LookupBase):
    """The lookup."""

    def run(self, terms: list[str], variables: dict[str, t.Any] | None = None, **kwargs: t.Any) -> list[str]:
        """Return a token for each account."""
        self.set_options(var_options=variables, direct=kwargs)
        return [_token(account) for account in terms]


def _token(account: str) -> str:
    if os.environ.get("GCP_SERVICE_ACCOUNT_FILE"):
        raise AnsibleError(
            "google.cloud's modules take no token while GCP_SERVICE_ACCOUNT_FILE is set: unset it, and"
            " export GOOGLE_APPLICATION_CREDENTIALS instead, to the same file"
        )
    try:
        import google.auth  # noqa: PLC0415
        from google.auth import exceptions, impersonated_credentials  # noqa: PLC0415
        from google.auth.transport.requests import Request  # noqa: PLC0415
    except ImportError as error:
        raise AnsibleError(f"{error}: pip install google-auth requests") from None
    try:
        source, _ = google.auth.default(scopes=_SCOPE)
        acting = impersonated_credentials.Credentials(source, account, _SCOPE, lifetime=3600)
        acting.refresh(Request())
    except (exceptions.GoogleAuthError, OSError) as error:
        says = str(error.args[0] if error.args else error)
        need = f"you need roles/iam.serviceAccountTokenCreator on {account}"
        raise AnsibleError(f"cannot act as {account}: {says}; {need}") from None
    return str(acting.token)
