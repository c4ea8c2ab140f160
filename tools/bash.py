"""The model's one tool: a shell on the workstation."""

from inspect_ai.tool import Tool, ToolCall, ToolCallContent, ToolCallView, tool
from inspect_ai.util import sandbox

TIMEOUT = 180
"""Seconds that a command may take."""
USER = "agent"


def _as_script(call: ToolCall) -> ToolCallView:
    """How a log shows the call."""
    command = str(call.arguments.get("command", "")).strip()
    return ToolCallView(call=ToolCallContent(title="bash", format="markdown", content=f"```bash\n{command}\n```\n"))


@tool(viewer=_as_script)
def bash(timeout: int = TIMEOUT) -> Tool:
    """A login shell for each command, as the workstation's unprivileged user.

    Args:
        timeout: seconds after which a command is ended.

    Returns:
        The tool. Its result is what Inspect's own `bash` gives: standard error, a line break, then standard output; without the first two
        where nothing was written to standard error.
    """

    async def execute(command: str) -> str:
        """Runs a command in bash on this machine.

        Args:
            command: The bash command to run.
        """
        result = await sandbox().exec(["bash", "--login", "-c", command], timeout=timeout, user=USER)
        errors = f"{result.stderr}\n" if result.stderr else ""
        return f"{errors}{result.stdout}"

    return execute
