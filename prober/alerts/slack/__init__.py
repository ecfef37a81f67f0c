"""Slack: messages, buttons, threads, and what people press there."""
