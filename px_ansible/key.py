"""The SSH key of a cluster: made by ssh-keygen where there is none, else checked; or one that px.yaml names."""

from __future__ import annotations

import shlex
import subprocess
import tempfile
from pathlib import Path

from px_ansible import whole_file
from px_ansible.errors import PrerequisiteError


def ensure_key(path: Path, comment: str) -> Path:
    """Return `path`, a private ed25519 key (0600) with its `.pub` beside it.

    One that is missing is made: hosts that know another one get it from `provision`. One that is damaged is left as it
    is, for somebody may mend it. A public half alone can always be made from the private one.
    """
    public = path.with_name(f"{path.name}.pub")
    if not path.exists():
        _make(path, public, comment)
        return path
    path.chmod(0o600)
    derived = _public_half(path)
    if derived is None:
        raise PrerequisiteError(
            f"The cluster's SSH key {path} cannot be used: it is damaged, or has a passphrase.",
            hint=f"put it back from a copy; or rm {shlex.quote(str(path))}, and px-ansible provision brings a new one",
        )
    if not public.is_file() or public.read_text(encoding="utf-8", errors="replace").split()[:2] != derived:
        whole_file.write(public, " ".join([*derived, comment]) + "\n")
    return path


def given_key(path: Path, comment: str) -> str:
    """Return the public half of a private key that px.yaml names, which stays as and where it is."""
    named = f"The SSH key {path} (px.yaml's ssh.key)"
    another = "name another one, or take ssh.key out: the cluster then gets a key of its own"
    try:
        with path.open("rb"):
            pass
    except OSError as error:
        raise PrerequisiteError(f"{named} cannot be read: {error.strerror}.", hint=another) from None
    made = _ssh_keygen("-y", "-P", "", "-f", str(path))
    if made.returncode == 0:
        return " ".join([*made.stdout.split()[:2], comment])
    if "passphrase" in made.stderr:
        raise PrerequisiteError(
            f"{named} has a passphrase, and nobody is there to type it.",
            hint=f"ssh-keygen -p -f {shlex.quote(str(path))} (takes it away); or {another}",
        )
    if "too open" in made.stderr:
        raise PrerequisiteError(f"{named} can be read by others.", hint=f"chmod 600 {shlex.quote(str(path))}")
    raise PrerequisiteError(f"{named} is no private key.", hint=another, log=made.stderr.strip().splitlines()[-1:])


def _public_half(path: Path) -> list[str] | None:
    """Return type and key of the public half, None where the private one cannot be read (or asks a passphrase)."""
    made = _ssh_keygen("-y", "-P", "", "-f", str(path))
    return made.stdout.split()[:2] if made.returncode == 0 else None


def _make(path: Path, public: Path, comment: str) -> None:
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".key-") as folder:
        new = Path(folder, "key")
        made = _ssh_keygen("-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(new))
        if made.returncode != 0:
            raise PrerequisiteError(f"ssh-keygen could not make {path}: {made.stderr.strip()}")
        new.with_name("key.pub").chmod(0o600)
        # The private half last: while it is missing the pair counts as not made.
        new.with_name("key.pub").replace(public)
        new.replace(path)


def _ssh_keygen(*arguments: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            ["ssh-keygen", *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        raise PrerequisiteError(
            "ssh-keygen is not installed.", hint="Install OpenSSH's client: apt install openssh-client"
        ) from None
