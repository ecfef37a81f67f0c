"""One file a wire format: how a vendor writes an ask and an answer."""
