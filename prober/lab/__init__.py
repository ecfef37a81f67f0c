"""Tools that work on logs and copies: replay, compare, power, discover, drill, demo."""
