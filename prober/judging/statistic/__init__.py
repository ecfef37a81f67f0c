"""The statistic under all channels: what an unchanged endpoint looks like, and the bets against it."""
