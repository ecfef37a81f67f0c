"""Questions of readers: pages, status, export. Everything here only reads."""
