"""DigitalOcean: droplets."""

from __future__ import annotations

from px_ansible.providers.cloud import architecture, attributes, files_of, login, variables
from px_ansible.providers.model import Cloud, Labels, Provider

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

DIGITALOCEAN = Provider(
    name="digitalocean",
    default_image="debian-13",
    images=("debian-13", "ubuntu-24.04"),
    user=login("root"),
    arch=architecture,
    attributes=attributes,
    variables=variables("digitalocean"),
    fixed=frozenset({"machine_type", "image", "region"}),
    programs={"ssh": "openssh-client", "ssh-keygen": "openssh-client"},
    cloud=Cloud(
        default_region="nyc3",
        region="[a-z]{3}[0-9]",
        regions=tuple(REGIONS.split()),
        labels=LABELS,
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
    files=files_of,
    role=False,
    also=("do", "digital ocean", "ocean"),
)
