"""Programs that print ratios, ours and the raw client's side by side in one run."""
