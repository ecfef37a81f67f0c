"""The nouns: declarations, replies, evidence, incidents, notices, errors. Types only; they import no other package."""
