"""The containers of runs: what is asked for, which there are, what they print, how they end."""
