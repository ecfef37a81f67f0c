"""The canary prober."""
