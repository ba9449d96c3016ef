"""karmadactl completion SHELL: code a shell evaluates to complete commands and flags.

The words come from the parsers of the commands, so nothing has to be kept in step.
"""

import argparse

from karmada.cli.printers import Console
from karmada.cli.scope import CommandError

BASH = """\
# {name}: source this, or put it into /etc/bash_completion.d
_{function}() {{
    local current="${{COMP_WORDS[COMP_CWORD]}}" words
    if [ "$COMP_CWORD" -eq 1 ]; then
        words="{commands}"
    else
        case "${{COMP_WORDS[1]}}" in
{cases}
            *) words="" ;;
        esac
    fi
    COMPREPLY=($(compgen -W "$words" -- "$current"))
}}
complete -o default -F _{function} {name}
"""
ZSH = "#compdef {name}\nautoload -U +X bashcompinit && bashcompinit\n{bash}"
FISH = "# {name}: put this into ~/.config/fish/completions/{name}.fish\n{lines}\n"
POWERSHELL = """\
Register-ArgumentCompleter -Native -CommandName {name} -ScriptBlock {{
    param($word, $ast, $position)
    $commands = @({quoted})
    $commands | Where-Object {{ $_ -like "$word*" }} |
        ForEach-Object {{
            [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
        }}
}}
"""
SHELLS = ("bash", "fish", "powershell", "zsh")


def register(parser: argparse.ArgumentParser) -> None:
    parser.description = "Print shell completion code for bash, zsh, fish or powershell."
    parser.add_argument("shell", nargs="?", default="", metavar="SHELL", help=" or ".join(SHELLS))


def run(args: argparse.Namespace, console: Console) -> int:
    if not args.shell:
        raise CommandError("shell not specified; expected one of " + ", ".join(SHELLS))
    if args.shell not in SHELLS:
        raise CommandError(f'unsupported shell type "{args.shell}"')
    name = "kubectl-karmada" if args.parent.startswith("kubectl") else "karmadactl"
    console.line(script(args.shell, name).rstrip("\n"))
    return 0


def script(shell: str, name: str) -> str:
    from karmada.cli.main import COMMANDS, command_parser

    flags = {command: _flags(command_parser(command, name)[0]) for command in COMMANDS}
    if shell == "fish":
        lines = [
            f"complete -c {name} -n __fish_use_subcommand -a {command} -d '{COMMANDS[command].summary}'"
            for command in COMMANDS
        ]
        return FISH.format(name=name, lines="\n".join(lines))
    if shell == "powershell":
        return POWERSHELL.format(name=name, quoted=", ".join(f"'{command}'" for command in COMMANDS))
    cases = "\n".join(
        f'            {command}) words="{" ".join(words)}" ;;' for command, words in flags.items()
    )
    function = name.replace("-", "_")
    bash = BASH.format(name=name, function=function, commands=" ".join(COMMANDS), cases=cases)
    return bash if shell == "bash" else ZSH.format(name=name, bash=bash)


def _flags(parser: argparse.ArgumentParser) -> list[str]:
    words = (word for action in parser._actions for word in action.option_strings)
    return sorted(word for word in words if word.startswith("--"))
