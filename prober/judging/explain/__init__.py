"""After the verdict: what moved, how far, in how much of the traffic, and which replies show it."""
