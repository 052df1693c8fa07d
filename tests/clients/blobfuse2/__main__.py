"""A strict stand-in of blobfuse2 2.5.5: its command line, configuration and failures; rclone serves the blobs."""

import os
import sys

import flags
import mount
from standin import fusermount

_VERSION = "2.5.5"
_COMMANDS = ("mount", "unmount", "mountv1", "secure", "gen-config", "version", "completion", "help")
_HELP = """\
Blobfuse2 is an open source project developed to provide a virtual filesystem backed by the Azure Storage.

Usage:
  blobfuse2 [command]

Available Commands:
  {commands}
"""


def main(arguments):
    """Return the exit code."""
    if not arguments:
        return fail(
            "missing command options\n\nDid you mean this?\n\tblobfuse2 mount\n\nRun 'blobfuse2 --help' for usage"
        )
    first = arguments[0]
    if first in ("--version", "-v", "version"):
        print(f"blobfuse2 version{':' if first == 'version' else ''} {_VERSION}")
        return 0
    if first in ("--help", "-h", "help"):
        print(_HELP.format(commands="\n  ".join(_COMMANDS)))
        return 0
    if first.startswith("-"):
        # Of the root command, whose flags are parsed by cobra's own rules.
        return fail(f"unknown flag: {first}" if first.startswith("--") else f"unknown shorthand flag: {first}")
    if first not in _COMMANDS:
        # As fstab calls it: PATH and options.
        return mounting(arguments)
    if first == "mount":
        return mounting(arguments[1:])
    if first == "unmount":
        return unmounting(arguments[1:])
    return fail(f"stand-in: blobfuse2 {first} is not served here")


def fail(text):
    """Say it as cobra does."""
    sys.stderr.write(f"Error: {text}\n")
    return 1


def mounting(arguments):
    """`mount PATH [flags]`."""
    try:
        given, positionals = flags.parse(arguments, flags.MOUNT)
        given = flags.with_flags_of_o(given)
    except flags.BadFlag as error:
        # The mount command ends the process within the parsing of flags.
        print(error)
        return 2
    if given.get("help"):
        print("Mount the container as a filesystem\n\nUsage:\n  blobfuse2 mount <mount path> [flags]")
        return 0
    if len(positionals) != 1:
        return fail(f"accepts 1 arg(s), received {len(positionals)}")
    if positionals[0] in ("all", "list"):
        return fail(f"stand-in: blobfuse2 mount {positionals[0]} is not served here")
    try:
        settings = flags.settings(given)
    except flags.BadOption as error:
        return fail(error)
    return mount.run(positionals[0], given.get("config-file", ""), settings)


def unmounting(arguments):
    """`unmount PATH|all [--lazy]`."""
    try:
        given, positionals = flags.parse(arguments, flags.UNMOUNT)
    except flags.BadFlag as error:
        return fail(error)
    if len(positionals) != 1:
        return fail(f"accepts 1 arg(s), received {len(positionals)}")
    paths = [os.path.abspath(positionals[0])] if positionals[0] != "all" else fusermount.of_source("blobfuse2")
    for path in paths:
        refusal = fusermount.unmount("fusermount3", path, *(["-z"] if given.get("lazy") else []))
        if refusal is not None:
            return fail(f"failed to unmount {path} [{refusal}]")
        print(f"Successfully unmounted {path}")
    return 0


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    # The relay's threads wait in system calls that nothing else ends.
    os._exit(code)
