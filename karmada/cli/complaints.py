"""What a user reads when something fails, in kubectl's words, with the next step where we know one."""

from karmada.api.errors import ApiError, Forbidden, Unauthorized, UserError
from karmada.cli.scope import CommandError

UNREACHABLE_HELP = " (does the server run, and does the kubeconfig name it?)"
UNAUTHORIZED_HELP = " (look at the user of this context in the kubeconfig)"
PROXY_HELP = " (the control plane must allow you clusters/proxy, and the member what you ask for)"


def is_expected(error: Exception) -> bool:
    """Whether a user can have caused it; anything else is a fault of ours and keeps its traceback."""
    if isinstance(error, CommandError | ApiError | UserError):
        return True
    from karmada.cli.local.layout import LocalError
    from karmada.client.kubeconfig_file import KubeconfigError

    return isinstance(error, LocalError | KubeconfigError)


def complaint(error: Exception, *, doing: str = "") -> str:
    """One error for standard error. doing: `when deleting "a.yaml"`."""
    if not isinstance(error, ApiError):
        return f"error: {error}"
    from karmada.client.answers import Unreachable  # quick commands do not load a client
    from karmada.client.mapper import NoMatch

    what = f"error {doing}: " if doing else ""
    if isinstance(error, Unreachable):
        return f"error: {what}{error.message}{UNREACHABLE_HELP}"
    if isinstance(error, NoMatch):
        return f"error: {what}{error.message}; ensure CRDs are installed first"
    reason = f" ({error.reason})" if error.reason else ""
    text = f"Error from server{reason}: {what}{error.message}"
    if isinstance(error, Unauthorized):
        text += UNAUTHORIZED_HELP
    if isinstance(error, Forbidden) and "/proxy" in error.message:
        text += PROXY_HELP
    return text
