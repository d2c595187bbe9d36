"""Networks that map magnitudes to masks and activity, each `forward(magnitude) -> (mask, activity logits)`."""
