"""How every endpoint stands: one answer for the command line, the dashboard, metrics and heartbeats."""
