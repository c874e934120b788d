"""The outputs of a deployed stack, asked of Pulumi itself."""

from __future__ import annotations

from pathlib import Path

from domain.errors import InputError
from domain.located import Located
from domain.stack_outputs import SECRET, StackOutputs, parse_outputs


def live_outputs(project: Path, stack: str) -> StackOutputs:
    """What a stack exports now, through Pulumi's Automation API (it runs the ``pulumi`` CLI).

    Args:
        project: the folder of ``Pulumi.yaml``.
        stack: its name.

    Raises:
        InputError: no CLI or an old one, no such stack, no login, or nothing was deployed.
    """
    from pulumi import automation

    if not stack:
        # To Pulumi no name is the selected stack, and nobody has said that it is meant.
        raise InputError("the name of the stack is empty", where="--stack")
    try:
        # Selecting a stack would leave it selected for every later 'pulumi' command here.
        outputs = automation.LocalWorkspace(work_dir=str(project)).stack_outputs(stack)
    except automation.StackNotFoundError:
        raise InputError(
            f"there is no stack '{stack}' where 'pulumi whoami' is logged in", where=str(project)
        ) from None
    except FileNotFoundError:
        raise InputError(
            "reading a deployed stack needs the pulumi CLI, which is not on the PATH; save the "
            "outputs with 'pulumi stack output --json > outputs.json' and give --outputs"
        ) from None
    except (automation.CommandError, automation.InvalidVersionError, OSError) as error:
        lines = [line.strip() for line in str(error).splitlines() if "error" in line.lower()]
        why = lines[-1] if lines else str(error).strip().splitlines()[-1]
        why = why.removeprefix("stderr: ").removeprefix("error: ").rstrip(".")
        raise InputError(
            f"the outputs of stack '{stack}' cannot be read: {why}; save them with 'pulumi stack "
            "output --json > outputs.json' and give --outputs",
            where=str(project),
        ) from None
    # A secret is none of our business; where it was needed, the reader says so.
    data = {name: SECRET if each.secret else each.value for name, each in outputs.items()}
    return parse_outputs(Located(data, f"outputs of stack '{stack}'"))
