"""What the doors need: Hydra configs, run folders, the songs to score. Nothing else imports it."""
