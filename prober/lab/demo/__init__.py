"""`prober demo`: a real small model is probed as any provider would be, silently changed, and caught."""
