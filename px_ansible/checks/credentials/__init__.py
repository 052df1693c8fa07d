"""Where the credentials of each cloud are found on this computer: names of variables and files, never a value."""
