"""`px-ansible version`: what is installed here."""

from __future__ import annotations

import click

from px_ansible.cli.options import output_option


@click.command()
@output_option
def version(output: str) -> None:
    """Show the versions of px-ansible and of what it runs on, for a report of a problem.

    \b
    Example:
      px-ansible version
      px-ansible version --output json
    """  # noqa: D301
    show(output)


def show(output: str = "text") -> None:
    """Print the versions; a line each, px-ansible's first."""
    from px_ansible import versions  # noqa: PLC0415 - 20 ms, for no other command

    data = versions.as_data()
    if output == "json":
        from px_ansible.cli.tables import print_json  # noqa: PLC0415

        print_json({"version": 1, "versions": data})
        return
    width = max(map(len, data))
    for name, one in data.items():
        place = f"  ({one['path']})" if one.get("path") else ""
        click.echo(f"{name:{width}}  {one['version'] or 'not installed'}{place}")
