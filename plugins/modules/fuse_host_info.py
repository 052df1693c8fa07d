# Apache-2.0 (see LICENSE)
"""Look at a host before a FUSE client is installed on it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: fuse_host_info
short_description: What a host has for FUSE clients
version_added: 0.2.0
author:
  - The px-ansible authors (@px-ansible)
description:
  - Says in one look what an installation needs to know of a host, in place of gathering facts.
  - Changes nothing.
options:
  path:
    description: A client's binary, which need not be there.
    type: path
attributes:
  check_mode:
    description: Reads only, also outside of check mode.
    support: full
"""

EXAMPLES = r"""
- name: Look at the host
  px.storage.fuse_host_info:
    path: /usr/local/bin/gcsfuse
  register: host
"""

RETURN = r"""
architecture:
  description: The machine, such as V(x86_64) or V(aarch64).
  type: str
  returned: success
distribution:
  description: C(ID) of os-release, such as V(debian), V(ubuntu), V(rocky), V(amzn).
  type: str
  returned: success
distribution_version:
  description: C(VERSION_ID) of os-release, such as V(12), V(24.04), V(9.4).
  type: str
  returned: success
distribution_major:
  description: The version up to its first point.
  type: str
  returned: success
codename:
  description: C(VERSION_CODENAME) of os-release, empty where there is none.
  type: str
  returned: success
family:
  description: V(debian), V(redhat), or the distribution where it is neither.
  type: str
  returned: success
pkg_mgr:
  description: The first of V(apt), V(dnf), V(yum), V(zypper), V(pacman), V(apk) that is there; empty without any.
  type: str
  returned: success
fusermount3:
  description: Whether fuse3's program is there.
  type: bool
  returned: success
fusermount:
  description: Whether there is a program under the older name, which Debian's fuse3 brings as a link.
  type: bool
  returned: success
dev_fuse:
  description: Whether C(/dev/fuse) is there.
  type: bool
  returned: success
sha256:
  description: Checksum of the binary at I(path), empty where there is none.
  type: str
  returned: success
sound:
  description: Whether the binary at I(path) is a file that root owns, with mode 0755.
  type: bool
  returned: success
"""

import hashlib
import os
import platform
import shutil
import stat

from ansible.module_utils.basic import AnsibleModule

_DEBIAN = {"debian", "ubuntu"}
_REDHAT = {"rhel", "centos", "fedora", "amzn", "rocky", "almalinux", "ol"}
_PKG_MGRS = (
    ("apt", "apt-get"),
    ("dnf", "dnf"),
    ("yum", "yum"),
    ("zypper", "zypper"),
    ("pacman", "pacman"),
    ("apk", "apk"),
)
# An SSH session of a user may know less.
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def os_release() -> dict[str, str]:
    """Return the keys of os-release, without their quotes."""
    found = {}
    for path in ("/etc/os-release", "/usr/lib/os-release"):
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                for line in file:
                    name, _, value = line.strip().partition("=")
                    found[name] = value.strip("\"'")
        except OSError:
            continue
        break
    return found


def family(release: dict[str, str]) -> str:
    """Return debian, redhat, or the distribution itself."""
    names = [release.get("ID", ""), *release.get("ID_LIKE", "").split()]
    for name, members in (("debian", _DEBIAN), ("redhat", _REDHAT)):
        if members.intersection(names):
            return name
    return names[0]


def binary(path: str | None) -> tuple[str, bool]:
    """Return the checksum of the file, and whether root owns it with mode 0755."""
    digest = hashlib.sha256()
    try:
        # A link is replaced, as one would a file: what it leads to belongs to somebody else.
        about = os.lstat(path or "")
        with open(path or "", "rb") as file:
            for block in iter(lambda: file.read(1 << 20), b""):
                digest.update(block)
    except OSError:
        return "", False
    mine = (about.st_uid, about.st_gid, stat.S_IMODE(about.st_mode)) == (0, 0, 0o755)
    return digest.hexdigest(), mine and stat.S_ISREG(about.st_mode)


def main() -> None:
    """Look, and report."""
    module = AnsibleModule(argument_spec={"path": {"type": "path"}}, supports_check_mode=True)
    release = os_release()
    sha256, sound = binary(module.params["path"])
    version = release.get("VERSION_ID", "")
    module.exit_json(
        changed=False,
        architecture=platform.machine(),
        distribution=release.get("ID", ""),
        distribution_version=version,
        distribution_major=version.split(".", maxsplit=1)[0],
        codename=release.get("VERSION_CODENAME", ""),
        family=family(release),
        pkg_mgr=next((name for name, program in _PKG_MGRS if shutil.which(program, path=_PATH)), ""),
        fusermount3=shutil.which("fusermount3", path=_PATH) is not None,
        fusermount=shutil.which("fusermount", path=_PATH) is not None,
        dev_fuse=os.path.exists("/dev/fuse"),
        sha256=sha256,
        sound=sound,
    )


if __name__ == "__main__":
    main()
