"""What administrators see and do: a snapshot of everything, actions, the API over HTTP, metrics and readiness."""
