"""A strict stand-in of goofys 0.24.0: its command line, credentials and failures; rclone serves the objects."""

import base64
import os
import signal
import stat
import sys
import time

import flags
from log import log
from rules import GoofysRules
from setup import Unusable, open_source
from standin import StandInLimit, fusermount
from standin.backend import Backend
from standin.relay import Relay

# 0.24.0 knows only this name.
_FUSERMOUNT = "fusermount"


class Fatal(Exception):
    """The mount fails; the text follows "Mounting file system: "."""


def main(arguments):
    """Return the exit code."""
    os.environ.setdefault("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
    try:
        values, given, positionals = flags.parse(flags.as_mount_does(arguments))
        if values["version"] or values["v"]:
            sys.stderr.write(f"goofys version {flags.VERSION}\n")
            return 0
        if len(positionals) != 2:
            raise flags.Usage("Error: goofys takes exactly two arguments.")
    except flags.Usage as error:
        sys.stderr.write(f"{error}\n\n{flags.help_text()}")
        return 1
    if values["cache"]:
        if not os.path.isdir(values["cache"].rpartition(":")[2]):
            sys.stderr.write(f'Invalid value "{values["cache"]}" for --cache: not a directory\n\n{flags.help_text()}')
            return 1
        sys.stderr.write("goofys (stand-in): --cache needs catfs, which nothing serves here\n")
        return 1
    try:
        base64.b64decode(values["sse-c"], validate=True)
    except ValueError:
        sys.stderr.write(f"sse-c is not base64-encoded\n\n{flags.help_text()}")
        return 1
    bucket, path = positionals[0], os.path.abspath(positionals[1])
    if values["f"]:
        return mount(bucket, path, values, given, lambda ok: None)
    return in_background(bucket, path, values, given)


def in_background(bucket, path, values, given):
    """Mount in a child that logs to syslog; end when it is mounted or failed, however long that takes."""
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.close(reading)
        os.setsid()
        log.use_syslog()
        null = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(null, descriptor)
        os._exit(mount(bucket, path, values, given, lambda ok: os.write(writing, b"1" if ok else b"0")))
    os.close(writing)
    if os.read(reading, 1) == b"1":
        log("INFO", "File system has been successfully mounted.")
        return 0
    log("FATAL", "Unable to mount file system, see syslog for details")
    return 1


def mount(text, path, values, given, tell):
    """Mount and serve until the mount is gone; return the exit code."""
    try:
        source = open_source(text, values, any(flags.FLAGS[name][0].endswith("*") for name in given), given)
        options = [option for value in values["o"] for option in value.split(",") if option]
        check(path)
        backend = start_rclone(source, values, "ro" in options)
        relay = attach(source, text, path, options, backend)
    except (Unusable, Fatal, StandInLimit) as error:
        if isinstance(error, Unusable):
            log("ERROR", str(error))
        reason = {Unusable: "Mount: initialization failed", StandInLimit: f"stand-in: {error}"}.get(type(error), error)
        log("FATAL", f"Mounting file system: {reason}")
        tell(False)
        return 1
    handle_signals(path, relay)
    log("INFO", "File system has been successfully mounted.")
    tell(True)
    relay.ended.wait()
    if relay.lost:
        log("ERROR", "stand-in: rclone ended: " + " / ".join(backend.log()))
        return 1
    backend.end()
    if values["debug_s3"]:
        for line in backend.log():
            log("DEBUG", line, "s3")
    log("INFO", "Successfully exiting.")
    return 0


def check(path):
    """Raise Fatal unless the mount point is a folder; what is in it does not matter to goofys."""
    try:
        if not stat.S_ISDIR(os.stat(path).st_mode):
            raise Fatal(f"Mount: Mount point {path} is not a directory")
    except FileNotFoundError:
        raise Fatal(f"Mount: stat {path}: no such file or directory") from None
    except OSError as error:
        reason = (error.strerror or "").lower()
        raise Fatal(f"Mount: Statting mount point: stat {path}: {reason}") from None


def attach(source, text, path, options, backend):
    """Mount and return the relay that serves."""
    wanted = ["default_permissions", f"fsname={text}", *options]
    try:
        kernel = fusermount.mount(_FUSERMOUNT, wanted, path)
    except fusermount.NotMounted as error:
        backend.end()
        raise Fatal(f"Mount: mount: running {error}") from None
    relay = Relay(kernel, backend.socket, GoofysRules(source.exists))
    relay.serves.wait(30)
    if relay.lost:
        fusermount.unmount(_FUSERMOUNT, path)
        backend.end()
        raise StandInLimit("rclone ended: " + " / ".join(backend.log()))
    return relay


def start_rclone(source, values, read_only):
    """Start the rclone that serves the bucket."""
    remote = {
        "type": "s3",
        "provider": "Other" if values["endpoint"] else "AWS",
        "env_auth": "false" if source.rotation is None else "true",
        "endpoint": values["endpoint"],
        "region": source.bucket.region,
        "force_path_style": str(not values["subdomain"]).lower(),
        "v2_auth": str(source.version == 2).lower(),
        "requester_pays": str(values["requester-pays"]).lower(),
        "storage_class": values["storage-class"],
        "acl": values["acl"],
        "server_side_encryption": "aws:kms" if values["sse-kms"] else "AES256" if values["sse"] else "",
        "sse_kms_key_id": values["sse-kms"],
        "sse_customer_key_base64": values["sse-c"],
        "sse_customer_algorithm": "AES256" if values["sse-c"] else "",
        # A missing bucket stays missing.
        "no_check_bucket": "true",
    }
    options = [f"--{name}={values[name]}" for name in ("uid", "gid")]
    options += [f"--file-perms={values['file-mode']:04o}", f"--dir-perms={values['dir-mode']:04o}", "--umask=0"]
    # goofys asks the store for every name that it does not know; rclone only when its listing is old.
    # Not 0s: with that, rclone spins once something was written.
    listing = min(max(values["type-cache-ttl"], 0.01), 1)
    options += [f"--dir-cache-time={listing}s", f"--attr-timeout={values['stat-cache-ttl']}s"]
    options += [f"--timeout={values['http-timeout']}s", "--contimeout=5s", "--low-level-retries=3"]
    options += ["--vfs-cache-mode=off", "--vfs-write-wait=100ms", "--use-server-modtime", "--poll-interval=0"]
    options += ["--read-only"] if read_only else []
    folder = "/".join(part for part in (source.bucket.name, source.prefix) if part)
    environment = source.rotation.environment() if source.rotation else {}
    files = dict.fromkeys(("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"), os.devnull)
    return Backend({key: value for key, value in remote.items() if value}, folder, options, {**files, **environment})


def handle_signals(path, relay):
    """Unmount on SIGINT and SIGTERM: up to 20 tries, and on with the work where all of them fail."""

    def unmount(number, _):
        name = {signal.SIGTERM: "terminated", signal.SIGINT: "interrupt"}[number]
        log("INFO", f"Received {name}, attempting to unmount...")
        for attempt in range(20):
            if attempt:
                time.sleep(1)
            error = fusermount.unmount(_FUSERMOUNT, path)
            if error is None:
                relay.ended.wait(10)
                log("INFO", f"Successfully unmounted {path} in response to {name}")
                return
        log("ERROR", f"Failed to unmount in response to {name}: {error}")

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, unmount)


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    # The relay's threads wait in system calls that nothing else ends.
    os._exit(code)
