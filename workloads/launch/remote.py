"""One host while something is launched on it: its folders, code, interpreter and files."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shlex
from collections.abc import AsyncIterator

import asyncssh

from domain.errors import InputError, RunFailed
from domain.hosts import Host
from workloads.launch.plan import DIRECTORY, Plan

_FULL = "No space left on device"
_FREE_PORT = "import socket; s = socket.socket(); s.bind(('', 0)); print(s.getsockname()[1])"
_ANSWER_SECONDS = 5.0
_LEAST = (3, 11)
_LEAST_TO_MAKE = (3, 8)
_UNPACK = """
[ -d {code} ] && exit 0
mkdir -p {parent} && half=$(mktemp -d {parent}/.half.XXXXXX) || exit 1
trap 'rm -rf "$half"' EXIT
tar -xzf - -C "$half" || exit 1
mv -T "$half" {code} 2>/dev/null || [ -d {code} ]
"""
_END_LEFTOVER = """
pid=$(cat {run}/supervisor.pid 2>/dev/null) || exit 0
grep -qs supervisor.py "/proc/$pid/cmdline" || exit 0
kill -TERM "$pid"
for i in $(seq 300); do [ -d "/proc/$pid" ] || exit 0; sleep 0.1; done
kill -KILL "$pid"
"""


class Lost(RunFailed):
    """The connection to a host broke."""


class Remote:
    """A connected host. Every path on it is absolute."""

    def __init__(
        self, host: Host, index: int, connection: asyncssh.SSHClientConnection, plan: Plan
    ) -> None:
        self.host, self.index, self.connection = host, index, connection
        self._plan = plan
        self._base = ""
        self.python = plan.python or "python3"

    @property
    def code(self) -> str:
        """The folder of the code."""
        return f"{self._base}/code/{self._plan.bundle.digest}"

    @property
    def run_folder(self) -> str:
        """The folder of this worker's run: ``out``, ``checkpoints``, its configuration."""
        return f"{self._base}/runs/{self._plan.name}/{self.index}"

    @property
    def base(self) -> str:
        """The folder of all that we put there."""
        return self._base

    @property
    def is_connected(self) -> bool:
        """Whether the connection has not been closed or lost."""
        return not self.connection.is_closed()

    async def answers(self) -> bool:
        """Whether it answers now; a connection that does not is given up at once."""
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                await self.run("true")
        except (RunFailed, TimeoutError):
            self.connection.abort()
            return False
        return True

    async def prepare(self) -> bool:
        """Makes the folders and puts the code there.

        Returns:
            Whether the code had to be copied.

        Raises:
            InputError: it has no SFTP.
            RunFailed: the disk is full, or something there cannot be written or run.
        """
        directory = self.host.directory
        told = await self.run(
            f"mkdir -p {shlex.quote(directory)} && cd {shlex.quote(directory)} && pwd"
            if directory
            else f'mkdir -p "$HOME/{DIRECTORY}" && cd "$HOME/{DIRECTORY}" && pwd'
        )
        self._base = _last_line(told)
        # Results come home this way: better known before hours of work than after.
        async with self.files():
            pass
        run = shlex.quote(self.run_folder)
        await self.run(f"mkdir -p {run}/out {run}/checkpoints")
        if self._plan.config is not None:
            await self.run(
                f"cat > {run}/config.json", json.dumps(self._plan.config).encode("utf-8")
            )
        code = shlex.quote(self.code)
        if _last_line(await self.run(f"[ -d {code} ] && echo there || true")) == "there":
            return False
        parent = shlex.quote(f"{self._base}/code")
        await self.run(_UNPACK.format(code=code, parent=parent), self._plan.bundle.archive)
        return True

    async def check_python(self) -> None:
        """Refuses an interpreter that is absent, or of no use for what was asked of it.

        One that was named runs the benchmark; otherwise ``python3`` need only make a virtual
        environment.

        Raises:
            InputError: says which, and what to name.
        """
        python, least = shlex.quote(self.python), _LEAST if self._plan.python else _LEAST_TO_MAKE
        told = await self.run(
            f"command -v {python} > /dev/null || {{ echo absent; exit 0; }}; {python} -c "
            f"'import sys; print(*sys.version_info[:2], sep=\".\")' || echo useless"
        )
        version = _last_line(told)
        if version in ("absent", "useless"):
            raise InputError(
                f"has no {self.python} that runs; name an interpreter with --python",
                where=self.host.label,
            )
        if tuple(map(int, version.split("."))) < least:
            wanted = ".".join(map(str, least))
            raise InputError(
                f"its {self.python} is {version}, and {wanted} or later is needed; name another "
                "with --python",
                where=self.host.label,
            )

    async def free_port(self) -> int:
        """A port that nothing listens on at the moment."""
        python = shlex.quote(self.python)
        return int(_last_line(await self.run(f"{python} -c {shlex.quote(_FREE_PORT)}")))

    async def end_leftover(self) -> None:
        """Ends the worker of this launch that a lost connection left running, if it still is."""
        await self.run(_END_LEFTOVER.format(run=shlex.quote(self.run_folder)))

    async def remove_run(self) -> None:
        """Removes the folder of this worker's run, and the launch's when it is the last."""
        run = shlex.quote(self.run_folder)
        parent = shlex.quote(self.run_folder.rpartition("/")[0])
        await self.run(f"rm -rf {run} && {{ rmdir {parent} 2>/dev/null || true; }}")

    async def run(self, script: str, data: bytes = b"") -> str:
        """What a shell script prints; ``data`` is its standard input.

        Raises:
            Lost: the connection broke.
            RunFailed: it failed; says with what.
        """
        try:
            done = await self.connection.run(
                f"exec env LC_ALL=C sh -c {shlex.quote(script)}", input=data, encoding=None
            )
        except (asyncssh.Error, OSError) as error:
            raise self.lost(error) from None
        if done.exit_status is None or done.exit_status < 0:
            raise self.lost()
        if done.exit_status != 0:
            raise self.failed(_text(done.stderr) or _text(done.stdout))
        return _text(done.stdout)

    @contextlib.asynccontextmanager
    async def files(self) -> AsyncIterator[asyncssh.SFTPClient]:
        """Its file system over SFTP, with failures told as ours.

        Raises:
            Lost: the connection broke.
            InputError: it has no SFTP.
            RunFailed: its disk is full, or ours cannot be written.
        """
        try:
            async with self.connection.start_sftp_client() as client:
                yield client
        except asyncssh.ChannelOpenError:
            raise InputError(
                "it offers no SFTP, by which results come home; its sshd_config needs the line "
                "'Subsystem sftp internal-sftp'",
                where=self.host.label,
            ) from None
        except asyncssh.SFTPConnectionLost as error:
            raise self.lost(error) from None
        except asyncssh.SFTPError as error:
            raise self.failed(f"files cannot be copied: {error.reason}") from None
        except (asyncssh.Error, ConnectionError) as error:
            raise self.lost(error) from None
        except OSError as error:
            raise RunFailed(f"files cannot be written here: {error}") from None

    def lost(self, error: Exception | None = None) -> Lost:
        """The failure of a connection that broke."""
        why = f" ({error})" if error is not None and str(error) else ""
        return Lost(f"the connection was lost{why}", where=self.host.label)

    def failed(self, output: str) -> RunFailed:
        """The failure of something that printed this before it ended."""
        if _FULL in output:
            where = f" ({self._base})" if self._base else ""
            return RunFailed(f"its disk is full{where}: {_FULL}", where=self.host.label)
        lines = [line.strip() for line in output.splitlines() if line.strip()]
        return RunFailed(lines[-1] if lines else "a command failed", where=self.host.label)


def _last_line(output: str) -> str:
    """What was asked for: start-up files of a shell may print before it."""
    lines = output.strip().splitlines()
    return lines[-1].strip() if lines else ""


def _text(data: str | bytes | None) -> str:
    return data.decode("utf-8", "replace") if isinstance(data, bytes) else data or ""
