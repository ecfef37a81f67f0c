"""The statistic under all channels: what a still endpoint looks like, and the bets against it."""
