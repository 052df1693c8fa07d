"""`blobfuse2 mount PATH`: checks, the test of the container, the mount, and serving it until it is gone."""

import os
import shutil
import signal
import sys
import time

import auth
import blobs
import checks
import config
from checks import Refused
from log import Log
from standin import StandInLimit, fusermount
from standin.backend import Backend
from standin.relay import Relay, Rules


def run(path, config_file, given):
    """Return the exit code. Whatever goes wrong is said as `Error: TEXT` on stderr."""
    try:
        path = os.path.abspath(path)
        if not config_file and os.path.exists("config.yaml"):
            config_file = "config.yaml"
        if given.get("secure-config"):
            raise StandInLimit("an encrypted configuration is not read here")
        settings = config.merged(config_file, given)
        checks.mount_point(path, settings)
        folder = checks.work_folder(settings)
        log = Log(settings, folder, path)
        chosen = checks.components(settings)
        cache = checks.cache_folder(settings, chosen, path)
        account = auth.account(settings)
        blobs.test(account, settings)
    except blobs.NotListed as error:
        return _fail(
            "failed to initialize new pipeline [failed to authenticate azstorage credentials with error "
            f"[failed to list blobs: {error}]]"
        )
    except auth.AuthError as error:
        return _fail(f"failed to initialize new pipeline [{error}]")
    except (Refused, config.ConfigError) as error:
        return _fail(error)
    except StandInLimit as error:
        return _fail(f"stand-in: {error}")
    if settings.get("foreground"):
        return serve(path, settings, folder, chosen, cache, account, log, lambda: None)
    return in_background(
        settings, folder, path, lambda tell: serve(path, settings, folder, chosen, cache, account, log, tell)
    )


def _fail(text):
    sys.stderr.write(f"Error: {text}\n")
    return 1


def in_background(settings, folder, path, work):
    """Mount in a child; end 0 when it is mounted or takes longer than wait-for-mount, 1 when it dies."""
    child = os.fork()
    if child == 0:
        os.setsid()
        with open(f"{folder}/{path.replace('/', '_')}.pid", "w", encoding="utf-8") as file:
            file.write(f"{os.getpid()}\n")
        parent = os.getppid()
        null, errors = (
            os.open(os.devnull, os.O_RDWR),
            os.open(f"/tmp/blobfuse2.{os.getpid()}", os.O_CREAT | os.O_WRONLY, 0o600),
        )
        for descriptor, target in ((0, null), (1, null), (2, errors)):
            os.dup2(target, descriptor)
        os._exit(work(lambda: os.kill(parent, signal.SIGUSR2)))
    signal.signal(signal.SIGUSR2, lambda *_: os._exit(0))
    until = time.monotonic() + float(settings.get("wait-for-mount", 5))
    while time.monotonic() < until:
        if os.waitpid(child, os.WNOHANG)[0]:
            with open(f"/tmp/blobfuse2.{child}", encoding="utf-8", errors="replace") as file:
                sys.stderr.write(file.read())
            return 1
        time.sleep(0.02)
    return 0


def serve(path, settings, folder, chosen, cache, account, log, tell):
    """Mount and serve until the mount is gone; return the exit code."""
    # As in the real one: nothing catches SIGTERM and SIGINT, so that the process dies and its mount with it.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    kept = cache or f"{folder}/stand-in-{os.getpid()}"
    try:
        backend = start_rclone(settings, chosen, kept, account)
    except StandInLimit as error:
        return _fail(f"stand-in: {error}")
    options = ["fsname=blobfuse2"]
    options += [name.replace("-", "_") for name in ("allow-other", "allow-root") if settings.get(name)]
    options += ["ro"] if settings.get("read-only") else []
    try:
        kernel = fusermount.mount("fusermount3", options, path)
    except fusermount.NotMounted as error:
        backend.end()
        log("LOG_ERR", f"failed to mount fuse [{error}]")
        return _fail("unable to start pipeline [failed to mount fuse]")
    relay = Relay(kernel, backend.socket, Rules())
    relay.serves.wait(30)
    if not relay.lost:
        tell()
    relay.ended.wait()
    if relay.lost:
        log("LOG_ERR", "stand-in: rclone ended: " + " / ".join(backend.log()))
        return 1
    backend.end()
    if cache:
        checks.empty(cache)
    else:
        shutil.rmtree(kept, ignore_errors=True)
    return 0


def start_rclone(settings, chosen, cache, account):
    """Start the rclone that serves the container."""
    remote = {"type": "azureblob", "account": account.name, "endpoint": account.endpoint}
    if account.key:
        remote["key"] = account.key
    else:
        del remote["endpoint"]
        remote["sas_url"] = f"{account.endpoint}?{account.sas}"
    remote["no_check_container"] = "true"

    def of(key, default):
        return settings.get(key, default)

    # With allow-other default-permission is ignored.
    one = "0777" if of("allow-other", False) else None
    if not one and "libfuse.default-permission" in settings:
        one = f"{settings['libfuse.default-permission']:04o}"
    flags = [f"--file-perms={one or '0755'}", f"--dir-perms={one or '0775'}", "--umask=0"]
    flags += [f"--uid={of('libfuse.uid', os.getuid())}", f"--gid={of('libfuse.gid', os.getgid())}"]
    expires = 0 if of("disable-kernel-cache", False) else of("libfuse.attribute-expiration-sec", 120)
    remembered = of("attr_cache.timeout-sec", 120) if "attr_cache" in chosen else 0
    # blobfuse2 remembers attributes, and listings only with entry_cache; rclone remembers both together. Not 0s: with
    # that, rclone spins once something was written.
    listing = of("entry_cache.timeout-sec", 30) if "entry_cache" in chosen else min(remembered, 1)
    flags += [f"--attr-timeout={expires}s", f"--dir-cache-time={listing or 0.01}s", "--poll-interval=0"]
    flags += [f"--cache-dir={cache}", "--vfs-write-back=0", "--vfs-cache-poll-interval=10s"]
    flags += ["--vfs-cache-mode=full", "--use-server-modtime", "--low-level-retries=3", "--contimeout=5s"]
    section = "file_cache" if "file_cache" in chosen else "block_cache"
    age = of(f"{section}.timeout-sec", of(f"{section}.disk-timeout-sec", 120))
    size = of(f"{section}.max-size-mb", of(f"{section}.disk-size-mb", 0))
    flags += [f"--vfs-cache-max-age={age}s"] + ([f"--vfs-cache-max-size={size}M"] if size else [])
    flags += ["--read-only"] if of("read-only", False) else []
    folder = "/".join(part for part in (account.container, of("azstorage.subdirectory", "").strip("/")) if part)
    return Backend(remote, folder, flags, {})
