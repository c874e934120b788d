"""Entry point: runs a command and turns what went wrong into a sentence and an exit code.

0 ok · 1 goal not met, or a launched run failed · 2 wrong input · 3 our own fault.
"""

from __future__ import annotations

import os
import sys

from domain.errors import GoalNotMet, InputError, RunFailed

EXIT_GOAL_NOT_MET = 1
EXIT_WRONG_INPUT = 2
EXIT_OUR_FAULT = 3
EXIT_INTERRUPTED = 130


def main() -> None:
    """Runs the command line and exits."""
    sys.exit(run())


def run() -> int:
    """Runs the command line; gives the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # A terminal that has no arrows gets question marks, not a traceback.
            stream.reconfigure(errors="replace")
    try:
        from windtunnel.app import app

        app(prog_name="windtunnel")
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else int(done.code is not None)
    except InputError as error:
        print(f"windtunnel: {error}", file=sys.stderr)
        return EXIT_WRONG_INPUT
    except (GoalNotMet, RunFailed) as error:
        print(f"windtunnel: {error}", file=sys.stderr)
        return EXIT_GOAL_NOT_MET
    except KeyboardInterrupt:
        print("windtunnel: interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader of our pipe (head, less) has gone; that is its right.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception:
        import traceback

        traceback.print_exc()
        command = " ".join(["windtunnel", *sys.argv[1:]])
        print(
            "\nwindtunnel: this is our own fault, not yours. Please report it with the lines "
            f"above, the output of 'windtunnel --version' and the command:\n    {command}",
            file=sys.stderr,
        )
        return EXIT_OUR_FAULT
    return 0


if __name__ == "__main__":
    main()
