"""Where the things of our mounts are on a host."""

import posixpath

from ansible_collections.px.storage.plugins.module_utils.fuse.clients.service import Place

# One folder per mount: its config and credentials, for root only.
CONFIG = "/etc/px-mounts"
# One folder per mount: its disk cache, where the mount names no other.
CACHE = "/var/cache/px-mounts"
# The programs that units call.
PROGRAMS = "/usr/local/lib/px-storage"
# Units that mounts share. Not beside the mounts' own, of which there is one for each mount and nothing else.
SHARED_UNITS = "/usr/local/lib/systemd/system"
# One folder per mount: what need not outlive a boot.
RUN = "/run/px-mounts"


def of(slug: str) -> Place:
    """Return the places of one mount, by the slug of its unit."""
    return Place(posixpath.join(CONFIG, slug), posixpath.join(CACHE, slug), PROGRAMS)


def run(slug: str) -> str:
    """Return the mount's folder of what need not outlive a boot."""
    return posixpath.join(RUN, slug)


def restart_mark(slug: str) -> str:
    """Return the file that is there while a change waits for its restart; a boot is one."""
    return posixpath.join(RUN, slug, "restart")


def restarts(slug: str) -> str:
    """Return the file with the restarts that came before a start that worked, one number per line."""
    return posixpath.join(RUN, slug, "restarts")
