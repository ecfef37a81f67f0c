"""The nouns: declarations, replies, evidence, incidents, notices, errors. Types only, which know no other room."""
