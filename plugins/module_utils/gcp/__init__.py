"""Google Cloud, for what the modules of google.cloud do not do: lists, grants on buckets, host keys, checks beforehand.

Whoever imports this needs google.cloud: its credentials are the ones that are used.
"""
