"""`px-ansible completion`: the script that makes a shell complete commands, options and names."""

from __future__ import annotations

import click

from px_ansible.errors import UsageError

SHELLS = ("bash", "zsh", "fish")


@click.command(short_help="Print the script that makes a shell complete px-ansible.")
@click.argument("shell", type=click.Choice(SHELLS), metavar="bash|zsh|fish")
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script that makes SHELL complete commands, options, hosts and clusters.

    \b
    Where it goes, for this user; it works in shells that are started afterwards:
      bash  ~/.local/share/bash-completion/completions/px-ansible
      zsh   a file _px-ansible in a folder of $fpath
      fish  ~/.config/fish/completions/px-ansible.fish

    \b
    Example:
      mkdir -p ~/.local/share/bash-completion/completions
      px-ansible completion bash > ~/.local/share/bash-completion/completions/px-ansible
      source <(px-ansible completion bash)    # or for this shell only
    """  # noqa: D301
    from click.shell_completion import ShellComplete, get_completion_class  # noqa: PLC0415

    found = get_completion_class(shell)
    if found is None:
        raise UsageError(f"click has no completion for {shell}")
    script = found(ctx.find_root().command, {}, "px-ansible", "_PX_ANSIBLE_COMPLETE")
    # Not the class's own source(), which looks at the bash of this computer, and may find none.
    click.echo(ShellComplete.source(script))
