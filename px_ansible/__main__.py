"""`python -m px_ansible`."""

from px_ansible.cli import main

main()
