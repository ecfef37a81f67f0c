"""What is read off one reply: one file a feature, and `fingerprint` with the table of them all."""
