"""Clouds that answer on loopback: a gate with TLS that plays their hosts, and one folder per cloud behind it."""
