"""Figures: run with ``make bench``. Peers run side by side in one run; machines are noisy, so ratios count."""
