"""Slack: messages, buttons, threads, and what people do there."""
