"""Amazon Web Services: EC2."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from px_ansible.providers import ini
from px_ansible.providers.cloud import FIXED, architecture, attributes, files_of, shared, variables
from px_ansible.providers.model import OPTIONAL, Cloud, Labels, Provider

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

REGIONS = """
af-south-1 ap-east-1 ap-east-2 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-south-2 ap-southeast-1
ap-southeast-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-6 ap-southeast-7 ca-central-1 ca-west-1
eu-central-1 eu-central-2 eu-north-1 eu-south-1 eu-south-2 eu-west-1 eu-west-2 eu-west-3 il-central-1 me-central-1
me-south-1 mx-central-1 sa-east-1 us-east-1 us-east-2 us-west-1 us-west-2
"""

# docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
LABELS = Labels(
    key=r"[\w +=.:/@-]{1,128}",
    key_form="must be letters, digits, spaces and + - = . _ : / @, at most 128",
    value=r"[\w +=.:/@-]{0,256}",
    value_form="must be letters, digits, spaces and + - = . _ : / @, at most 256",
    taken=("aws:",),
)


def _configured(env: Mapping[str, str], home: Path) -> Iterator[tuple[str, str]]:
    """Yield the regions of the environment and the profile: docs.aws.amazon.com/sdkref/latest/guide/feature-region."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        yield f"the environment variable {name}", env.get(name, "")
    profile = env.get("AWS_PROFILE") or env.get("AWS_DEFAULT_PROFILE") or "default"
    written = env.get("AWS_CONFIG_FILE") or "~/.aws/config"
    file = home / written[2:] if written.startswith("~/") else Path(written)
    settings = ini.section(file, profile if profile == "default" else f"profile {profile}")
    yield f"the profile {profile!r} of {written}", settings.get("region", "")


AWS = Provider(
    name="aws",
    default_image="debian-12",
    images=("debian-12", "debian-13", "ubuntu-24.04"),
    user=lambda config: config.ssh.user or ("ubuntu" if (config.image or "").startswith("ubuntu") else "admin"),
    arch=architecture,
    attributes=attributes,
    variables=variables("aws"),
    fixed=FIXED,
    programs={"ssh": "openssh-client", "ssh-keygen": "openssh-client"},
    cloud=Cloud(
        default_region="us-east-1",
        region="[a-z]{2}(-[a-z]+)+-[0-9]+",
        regions=tuple(REGIONS.split()),
        labels=LABELS,
        zone="{region}[a-z]",
        zone_form="a zone of {region} is called {region}a, {region}b and so on",
        image="ami-[0-9a-f]{8,17}",
        image_form="ami-ID",
        disk_gib=(8, 65536),
        configured=_configured,
        no_spot=r"hpc.*|mac.*|u-.*|u7i.*|trn2u.*|t2\.nano",
    ),
    offers=frozenset(OPTIONAL),
    shared=shared,
    files=files_of,
    role=False,
    also=("amazon", "ec2"),
)
