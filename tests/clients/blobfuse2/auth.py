"""What `azstorage` must hold, and which of its modes can be served here."""

import typing

from standin import StandInLimit


class AuthError(Exception):
    """The section is refused; the text is blobfuse2's."""


class Account(typing.NamedTuple):
    """Where the container is and what opens it: a key or a SAS."""

    name: str
    container: str
    endpoint: str
    key: str = ""
    sas: str = ""


def account(settings):
    """Return the Account that the settings name; raises AuthError, StandInLimit."""

    def of(key):
        return settings.get(f"azstorage.{key}") or ""

    if not of("account-name"):
        raise AuthError("config error in azstorage [account name not provided]")
    if of("type") not in ("", "block", "adls"):
        raise AuthError("config error in azstorage [invalid account type]")
    if not of("container"):
        raise AuthError("config error in azstorage [container name not provided]")
    mode = of("mode").lower() or _guessed(of)
    _check(mode, of)
    if mode not in ("key", "sas"):
        raise StandInLimit(f"azstorage.mode {mode} asks Azure for a token, which nothing serves here")
    if of("type") != "block":
        raise StandInLimit(
            "azstorage.type must be block: without it blobfuse2 asks for ADLS, which nothing serves here"
        )
    endpoint = _endpoint(of, settings.get("azstorage.use-http", False))
    key, sas = (of("account-key"), "") if mode == "key" else ("", of("sas").lstrip("?"))
    return Account(of("account-name"), of("container"), endpoint, key, sas)


def _guessed(of):
    if of("account-key"):
        return "key"
    if of("sas"):
        return "sas"
    return "spn" if of("clientid") else "msi"


def _check(mode, of):
    if mode == "key" and not of("account-key"):
        raise AuthError("config error in azstorage [storage key not provided]")
    if mode == "sas" and not of("sas"):
        raise AuthError("config error in azstorage [SAS key not provided]")
    if mode == "msi" and sum(1 for key in ("appid", "resid", "objid") if of(key)) > 1:
        raise AuthError(
            "config error in azstorage [client ID, object ID and MSI resource ID are mutually exclusive and "
            "zero or one of the inputs need to be provided]"
        )
    secrets = ("clientsecret", "oauth-token-path", "workload-identity-token")
    if mode == "spn" and not (of("tenantid") and of("clientid") and any(of(key) for key in secrets)):
        raise AuthError("config error in azstorage [Client ID, Tenant ID or Client Secret not provided]")
    if mode == "workloadidentity" and not (of("appid") and of("tenantid") and of("clientid")):
        raise AuthError("config error in azstorage [Client ID, Tenant ID or App ID not provided]")
    if mode not in ("key", "sas", "msi", "spn", "azcli", "workloadidentity"):
        raise AuthError("config error in azstorage [invalid auth mode]")


def _endpoint(of, use_http):
    endpoint = of("endpoint") or f"{of('account-name')}.blob.core.windows.net"
    if endpoint.startswith("http://") and not use_http:
        raise StandInLimit("azstorage.endpoint is http:// without use-http: true; that it works is not known")
    if not endpoint.startswith("http"):
        endpoint = f"{'http' if use_http else 'https'}://{endpoint}"
    return endpoint.rstrip("/")
