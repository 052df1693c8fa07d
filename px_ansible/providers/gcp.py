"""Google Cloud: Compute Engine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from px_ansible.providers import ini
from px_ansible.providers.cloud import FIXED, architecture, attributes, files_of, login, shared, variables
from px_ansible.providers.model import OPTIONAL, Cloud, Labels, Provider

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from px_ansible.config.model import Config

REGIONS = """
africa-south1 asia-east1 asia-east2 asia-northeast1 asia-northeast2 asia-northeast3 asia-south1 asia-south2
asia-southeast1 asia-southeast2 asia-southeast3 australia-southeast1 australia-southeast2 europe-central2
europe-north1 europe-north2 europe-southwest1 europe-west1 europe-west2 europe-west3 europe-west4 europe-west6
europe-west8 europe-west9 europe-west10 europe-west12 me-central1 me-central2 me-west1 northamerica-northeast1
northamerica-northeast2 northamerica-south1 southamerica-east1 southamerica-west1 us-central1 us-east1 us-east4
us-east5 us-south1 us-west1 us-west2 us-west3 us-west4
"""

_USER = login("px")
# What `list` says in place of the name of a network or an account that is the cluster's own; no name has a space.
OWN = "its own"

# cloud.google.com/compute/docs/labeling-resources
LABELS = Labels(
    key="[a-z][a-z0-9_-]{0,62}",
    key_form="must be lower case letters, digits, '_' and '-', from a letter on, at most 63",
    value="[a-z0-9_-]{0,63}",
    value_form="must be lower case letters, digits, '_' and '-', at most 63",
    taken=("goog-",),
    most=60,
)


def _configured(env: Mapping[str, str], home: Path) -> Iterator[tuple[str, str]]:
    """Yield the regions of gcloud's properties: docs.cloud.google.com/sdk/docs/properties."""
    for name in ("CLOUDSDK_COMPUTE_REGION", "CLOUDSDK_COMPUTE_ZONE"):
        value = env.get(name, "")
        yield f"the environment variable {name}", value if name.endswith("REGION") else _region_of(value)
    folder = Path(env.get("CLOUDSDK_CONFIG") or home / ".config" / "gcloud")
    name = env.get("CLOUDSDK_ACTIVE_CONFIG_NAME") or _text(folder / "active_config") or "default"
    compute = ini.section(folder / "configurations" / f"config_{name}", "compute")
    yield f"gcloud's configuration {name!r}", compute.get("region") or _region_of(compute.get("zone", ""))


def _attributes(config: Config) -> Mapping[str, Any]:
    """Return what a host should be: what every cloud compares, and what is Google's."""
    settings = config.settings
    wanted = {
        "network": settings.get("network", OWN),
        "subnetwork": settings.get("subnetwork"),
        "service_account": settings.get("service_account", OWN),
        "ssh_user": _USER(config),
    }
    if gpu := settings.get("accelerator"):
        wanted["accelerator"] = f"{gpu['count']} x {gpu['type']}"
    elif config.machine and (config.machine.name or "").startswith("n1-"):
        # Other families take none, or show those that they have built in.
        wanted["accelerator"] = "none"
    return {**attributes(config), **{key: value for key, value in wanted.items() if value is not None}}


def _region_of(zone: str) -> str:
    return zone.rpartition("-")[0]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return ""


def _shared(config: Config) -> Sequence[str]:
    """Return what all hosts share; a service account that px.yaml names is not the cluster's."""
    return [one for one in shared(config) if one != "identity" or not config.settings.get("service_account")]


GCP = Provider(
    name="gcp",
    default_image="debian-12",
    images=("debian-12", "debian-13", "ubuntu-24.04"),
    user=_USER,
    arch=architecture,
    attributes=_attributes,
    variables=variables("gcp"),
    fixed=FIXED | {"accelerator", "network", "subnetwork", "service_account"},
    programs={"ssh": "openssh-client", "ssh-keygen": "openssh-client"},
    cloud=Cloud(
        default_region="us-central1",
        region="[a-z]+-[a-z]+[0-9]+",
        regions=tuple(REGIONS.split()),
        labels=LABELS,
        zone="{region}-[a-f]",
        zone_form="a zone of {region} is called {region}-a, {region}-b and so on",
        image=r"(https://.*/)?projects/[a-z][a-z0-9-]+/global/images/(family/)?[a-z][a-z0-9-]*",
        image_form="projects/PROJECT/global/images/family/FAMILY",
        no_spot="m2-.*",
        configured=_configured,
    ),
    offers=frozenset(OPTIONAL),
    shared=_shared,
    files=files_of,
    checks=True,
    tries_buckets=True,
    also=("gce", "google", "google cloud", "googlecloud"),
)
