"""One module a verb of the system. Each: lock, pure decision, write."""
