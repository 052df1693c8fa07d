"""The mounts of one host: units, mount points, health. Standard library only, plain data in and out."""
