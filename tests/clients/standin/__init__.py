"""What both stand-ins share: an rclone to serve the objects, and the file system between it and the kernel."""


class StandInLimit(Exception):
    """The real client would go on; the stand-in cannot. The text says so."""
