"""The controller manager and the pull-mode agent."""
