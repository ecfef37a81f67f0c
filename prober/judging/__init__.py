"""Replies to evidence: channels that read fingerprints, one statistic that judges them, and the promise it keeps."""
