"""DigitalOcean: droplets."""

from __future__ import annotations

from px_ansible.providers.cloud import architecture, attributes, login, variables
from px_ansible.providers.model import Cloud, Labels, Needs, Provider

REGIONS = """
ams2 ams3 atl1 blr1 fra1 lon1 mem1 mkc1 nyc1 nyc2 nyc3 ric1 sfo1 sfo2 sfo3 sgp1 syd1 tor1
"""

# A label becomes the tag KEY:VALUE: docs.digitalocean.com/products/droplets/how-to/tag
LABELS = Labels(
    key="[A-Za-z0-9_-]{1,100}",
    key_form="must be letters, digits, '_' and '-', at most 100",
    value="[A-Za-z0-9_-]{0,100}",
    value_form="must be letters, digits, '_' and '-', at most 100",
)

NEEDS = Needs(
    # Not part of the package `ansible` since version 13.
    collections={"community.digitalocean": "1.27.0"},
    libraries=(),
    install="ansible-galaxy collection install community.digitalocean",
    credentials=(("DO_API_TOKEN",), ("DO_API_KEY",), ("DO_OAUTH_TOKEN",)),
    sign_in="export DO_API_TOKEN=... (cloud.digitalocean.com/account/api/tokens)",
)

DIGITALOCEAN = Provider(
    name="digitalocean",
    default_image="debian-13",
    images=("debian-13", "ubuntu-24.04"),
    user=login("root"),
    arch=architecture,
    attributes=attributes,
    variables=variables("digitalocean"),
    fixed=frozenset({"machine_type", "image"}),
    programs={"ssh": "openssh-client", "ssh-keygen": "openssh-client"},
    cloud=Cloud(
        default_region="nyc3",
        region="[a-z]{3}[0-9]",
        regions=tuple(REGIONS.split()),
        labels=LABELS,
        needs=NEEDS,
        image="[a-z0-9]+(-[a-z0-9]+)+|[0-9]+",
        no_users=frozenset(),
        image_form="an image's slug or number",
    ),
    offers=frozenset({"region", "machine_type", "image", "labels", "ssh"}),
    instead={
        "zone": "take it out: the regions have no zones",
        "spot": "take it out: only some sizes with GPUs are sold so, under names of their own for 'machine_type'",
        "disk_size": "take it out: the disk comes with the machine type; a larger type has a larger one",
    },
    shared=lambda _config: ("network",),
    role=False,
    also=("do", "digital ocean", "ocean"),
)
