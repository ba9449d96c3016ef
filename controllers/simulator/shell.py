"""The commands that run in simulated containers, and a small `sh` to type them into.

In: a command line, standard streams. Out: what it prints and its exit code. Known are: cat, date, echo, env,
exit, false, hostname, pwd, sh [-c TEXT], sleep, true, whoami. Everything else is "not found" (127). There is
no file system and no process: what they print follows from the pod.
"""

import shlex
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Final

from apiserver.app import ContainerIO
from karmada.runtime.clock import Clock

NOT_FOUND: Final = 127
MISUSED: Final = 2
PROMPT: Final = b"/ # "
CONTROL_C, CONTROL_D, BACKSPACE = b"\x03", b"\x04", b"\x7f"


class Exit(Exception):
    """`exit` was typed."""

    def __init__(self, code: int) -> None:
        super().__init__(str(code))
        self.code = code


class Shell:
    """Runs commands with the streams of one conversation."""

    def __init__(
        self, io: ContainerIO, *, hostname: str, environment: Mapping[str, str], clock: Clock
    ) -> None:
        self._io = io
        self._hostname = hostname
        self._environment = environment
        self._clock = clock
        self._commands: dict[str, Callable[[Sequence[str]], Awaitable[int]]] = {
            "cat": self._cat,
            "date": self._date,
            "echo": self._echo,
            "env": self._env,
            "exit": self._exit,
            "false": self._false,
            "hostname": self._name,
            "pwd": self._pwd,
            "sh": self._sh,
            "sleep": self._sleep,
            "true": self._true,
            "whoami": self._whoami,
        }

    async def run(self, words: Sequence[str]) -> int:
        try:
            return await self._run(words)
        except Exit as end:
            return end.code

    async def _run(self, words: Sequence[str]) -> int:
        name = words[0].rpartition("/")[2]
        command = self._commands.get({"bash": "sh", "ash": "sh", "printenv": "env"}.get(name, name))
        if command is None:
            known = ", ".join(self._commands)
            await self._say(
                f"{words[0]}: not found in a simulated container, which knows: {known}", error=True
            )
            return NOT_FOUND
        return await command(words[1:])

    async def _say(self, text: str, *, error: bool = False) -> None:
        end = "\r\n" if self._io.tty else "\n"
        await self._io.write((text + end).encode(), error=error)

    # --- commands -------------------------------------------------------------------------------------------

    async def _echo(self, words: Sequence[str]) -> int:
        if words[:1] == ["-n"] or words[:1] == ("-n",):
            await self._io.write(" ".join(words[1:]).encode())
        else:
            await self._say(" ".join(words))
        return 0

    async def _cat(self, words: Sequence[str]) -> int:
        for name in words:
            if name != "-":
                await self._say(f"cat: can't open '{name}': No such file or directory", error=True)
                return 1
        while data := await self._io.read():
            if self._io.tty and CONTROL_D in data:
                break
            await self._io.write(data)
        return 0

    async def _env(self, words: Sequence[str]) -> int:
        for name, value in sorted(self._environment.items()):
            if not words:
                await self._say(f"{name}={value}")
            elif name in words:
                await self._say(value)
        return 0

    async def _date(self, words: Sequence[str]) -> int:
        await self._say(self._clock.now().strftime("%a %b %e %H:%M:%S UTC %Y"))
        return 0

    async def _name(self, words: Sequence[str]) -> int:
        await self._say(self._hostname)
        return 0

    async def _pwd(self, words: Sequence[str]) -> int:
        await self._say("/")
        return 0

    async def _whoami(self, words: Sequence[str]) -> int:
        await self._say("root")
        return 0

    async def _true(self, words: Sequence[str]) -> int:
        return 0

    async def _false(self, words: Sequence[str]) -> int:
        return 1

    async def _sleep(self, words: Sequence[str]) -> int:
        try:
            seconds = float(words[0]) if words else -1.0
        except ValueError:
            seconds = -1.0
        if not 0 <= seconds < float("inf"):
            await self._say("sleep: a number of seconds is wanted", error=True)
            return MISUSED
        await self._clock.sleep(seconds)
        return 0

    async def _exit(self, words: Sequence[str]) -> int:
        try:
            raise Exit(int(words[0]) & 0xFF if words else 0)
        except ValueError:
            await self._say(f"exit: Illegal number: {words[0]}", error=True)
            raise Exit(MISUSED) from None

    # --- sh -------------------------------------------------------------------------------------------------

    async def _sh(self, words: Sequence[str]) -> int:
        if words[:1] in (["-c"], ("-c",)):
            return await self._script(words[1] if len(words) > 1 else "")
        code = 0
        if self._io.tty:
            await self._io.write(PROMPT)
        async for line in self._lines():
            code = await self._script(line)
            if self._io.tty:
                await self._io.write(PROMPT)
        return code

    async def _script(self, text: str) -> int:
        """Commands between `;`, `&&`, `||` and line ends."""
        try:
            tokens = shlex.shlex(text.replace("\n", " ; "), posix=True, punctuation_chars=";&|")
            tokens.whitespace_split = True
            words = list(tokens)
        except ValueError as error:
            await self._say(f"sh: syntax error: {error}", error=True)
            return MISUSED
        code, command, joined = 0, list[str](), ";"
        for word in (*words, ";"):
            if word not in (";", "&&", "||"):
                command.append(self._expanded(word))
                continue
            if command and (joined == ";" or (joined == "&&") == (code == 0)):
                code = await self._run(command)
            command, joined = [], word
        return code

    def _expanded(self, word: str) -> str:
        """`$NAME` as a whole word; nothing else is replaced."""
        name = word.removeprefix("$").strip("{}")
        return self._environment.get(name, "") if word.startswith("$") and name.isidentifier() else word

    async def _lines(self) -> AsyncIterator[str]:
        """What is typed, line by line; at a terminal it is shown as well."""
        line = b""
        while data := await self._io.read():
            for byte in data:
                typed = bytes((byte,))
                if typed in (b"\r", b"\n"):
                    if self._io.tty:
                        await self._io.write(b"\r\n")
                    yield line.decode(errors="replace")
                    line = b""
                elif self._io.tty and typed == CONTROL_D and not line:
                    return
                elif self._io.tty and typed == CONTROL_C:
                    line = b""
                    await self._io.write(b"^C\r\n" + PROMPT)
                elif self._io.tty and typed == BACKSPACE:
                    line = line[:-1]
                    await self._io.write(b"\b \b")
                else:
                    line += typed
                    if self._io.tty:
                        await self._io.write(typed)
        if line:
            yield line.decode(errors="replace")
