"""The checks before a mount, in blobfuse2's order."""

import errno
import os
import re
import shutil

from standin import StandInLimit, fusermount

_LEVELS = ("log_off", "log_crit", "log_err", "log_warning", "log_info", "log_trace", "log_debug")
_COMPONENTS = ("libfuse", "file_cache", "block_cache", "xload", "attr_cache", "entry_cache", "azstorage")


class Refused(Exception):
    """The mount is refused; the text follows `Error: `."""


def mount_point(path, settings):
    """Checks 2 to 4: it exists, is not mounted, is empty. A dead mount is taken away."""
    try:
        os.stat(path)
    except FileNotFoundError:
        raise Refused("mount directory does not exist") from None
    except OSError as error:
        if error.errno != errno.ENOTCONN:
            raise Refused(f"failed to stat mount directory [{error.strerror}]") from None
        fusermount.unmount("fusermount3", path, "-z")
    found = fusermount.mounted(path)
    if found and found[1].startswith("fuse"):
        raise Refused("directory is already mounted")
    if not os.path.isdir(path):
        raise Refused(f"mount path is not a directory [{path}]")
    if os.listdir(path) and not settings.get("nonempty"):
        raise Refused("mount directory is not empty")


def work_folder(settings):
    """Check 5: the log level and the working directory, which is returned."""
    level = settings.get("logging.level", "log_warning").lower()
    if level not in _LEVELS:
        raise Refused(f"invalid log level [{level}]")
    if settings.get("logging.type", "syslog") not in ("syslog", "base", "silent"):
        raise Refused(f"invalid log type [{settings['logging.type']}]")
    folder = settings.get("default-working-dir")
    if not folder:
        if not os.environ.get("HOME"):
            raise StandInLimit("HOME is not set and default-working-dir is not given")
        folder = f"{os.environ['HOME']}/.blobfuse2"
    try:
        os.makedirs(folder, mode=0o777, exist_ok=True)
    except OSError as error:
        raise Refused(f"failed to create default work dir [mkdir {folder}: {error.strerror.lower()}]") from None
    return folder


def components(settings):
    """Check 6, first part: the list of components, by default or as it is given."""
    cache = "block_cache" if settings.get("block-cache") else "file_cache"
    chosen = settings.get("components", ["libfuse", cache, "attr_cache", "azstorage"])
    for name in chosen:
        if name not in _COMPONENTS:
            raise Refused(f"failed to initialize new pipeline [component {name} not registered]")
    if sum(name in chosen for name in ("file_cache", "block_cache", "xload")) > 1:
        raise Refused("mount: file_cache, block_cache and xload exclude each other")
    if "xload" in chosen:
        raise StandInLimit("component xload is not served here")
    if "libfuse" not in chosen or chosen[-1] != "azstorage":
        raise StandInLimit("components must begin with libfuse and end with azstorage")
    return chosen


def cache_folder(settings, chosen, mount_path):
    """Check 6, second part: the folder of the cache, made if missing; None where none is used on disk."""
    section = "file_cache" if "file_cache" in chosen else "block_cache" if "block_cache" in chosen else None
    path = settings.get(f"{section}.path") if section else None
    if not path:
        if section == "file_cache":
            raise Refused("failed to initialize new pipeline [config error in file_cache error [tmp-path not set]]")
        return None
    path = re.sub(r"\$(\w+)", lambda found: os.environ.get(found.group(1), ""), path)
    if os.path.abspath(path) == mount_path:
        raise Refused(f"failed to initialize new pipeline [config error in {section} [tmp-path is same as mount path]]")
    try:
        os.makedirs(path, mode=0o755, exist_ok=True)
    except OSError as error:
        raise Refused(f"failed to initialize new pipeline [config error in {section} [{error.strerror}]]") from None
    if os.listdir(path):
        if settings.get(f"{section}.cleanup-on-start"):
            empty(path)
        elif not settings.get(f"{section}.allow-non-empty-temp"):
            raise Refused(
                f"failed to initialize new pipeline [config error in {section} error [temp directory not empty]]"
            )
    return path


def empty(folder):
    """Remove what is in a folder."""
    for entry in os.scandir(folder):
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path, ignore_errors=True)
        else:
            os.unlink(entry.path)
