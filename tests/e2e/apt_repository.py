"""A signed apt repository on this computer, small enough to be written by hand."""

from __future__ import annotations

import gzip
import hashlib
import http.server
import subprocess
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class AptRepository:
    """Packages of one script each, served over HTTP on an address of this computer."""

    def __init__(self, folder: Path, address: str) -> None:
        self.folder = folder / "repository"
        self.gnupg = folder / "gnupg"
        self.gnupg.mkdir(mode=0o700)
        (self.folder / "dists/stable/main/binary-all").mkdir(parents=True)
        self.packages: list[str] = []
        self._gpg("--quick-generate-key", "--passphrase", "", "vendor@example.org", "rsa2048", "sign", "never")
        self._gpg("--armor", "--output", str(self.folder / "key.asc"), "--export")
        self.key_sha256 = hashlib.sha256((self.folder / "key.asc").read_bytes()).hexdigest()
        top = str(self.folder)

        class Files(http.server.SimpleHTTPRequestHandler):
            def __init__(self, *arguments: object) -> None:
                super().__init__(*arguments, directory=top)  # type: ignore[arg-type]

            def log_message(self, *_: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer((address, 0), Files)
        self.url = f"http://{address}:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        subprocess.run(["gpgconf", "--homedir", self.gnupg, "--kill", "all"], check=False)

    def add(self, name: str, version: str, program: str) -> None:
        """Publish a package whose /usr/bin/PROGRAM says its version."""
        root = self.folder.parent / f"{name}-{version}"
        (root / "DEBIAN").mkdir(parents=True)
        (root / "usr/bin").mkdir(parents=True)
        control = f"Package: {name}\nVersion: {version}\nArchitecture: all\nMaintainer: m <m@example.org>\n"
        (root / "DEBIAN/control").write_text(f"{control}Description: {name}\n")
        (root / f"usr/bin/{program}").write_text(f"#!/bin/sh\necho {name} {version}\n")
        (root / f"usr/bin/{program}").chmod(0o755)
        file = self.folder / f"{name}_{version}.deb"
        subprocess.run(["dpkg-deb", "--root-owner-group", "--build", root, file], check=True, capture_output=True)
        content = file.read_bytes()
        about = f"Filename: {file.name}\nSize: {len(content)}\nSHA256: {hashlib.sha256(content).hexdigest()}\n"
        self.packages.append(f"{control}{about}Description: {name}\n")
        self._publish()

    def _publish(self) -> None:
        top = self.folder / "dists/stable"
        text = "\n".join(self.packages).encode()
        files = {"main/binary-all/Packages": text, "main/binary-all/Packages.gz": gzip.compress(text)}
        lines = ["Suite: stable", "Codename: stable", "Architectures: all amd64 arm64", "Components: main", "SHA256:"]
        for path, content in files.items():
            (top / path).write_bytes(content)
            lines.append(f" {hashlib.sha256(content).hexdigest()} {len(content)} {path}")
        date = subprocess.run(["date", "-uR"], capture_output=True, text=True, check=True).stdout.strip()
        release = top / "Release"
        release.write_text("\n".join([f"Date: {date}", *lines]) + "\n")
        self._gpg("--output", str(top / "InRelease"), "--clearsign", str(release))

    def _gpg(self, *arguments: str) -> None:
        options = ["--homedir", self.gnupg, "--batch", "--yes", "--pinentry-mode", "loopback"]
        subprocess.run(["gpg", *options, *arguments], check=True, capture_output=True)
