"""Side-by-side measurements of Penstock and its peers. `python -m benchmarks --help`."""
