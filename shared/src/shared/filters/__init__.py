"""Filters over rows: `column > 3 and other in ('a', 'b')`, checked, bound to columns, and evaluated on Arrow batches.

`syntax` and `parsing` need nothing; `conditions` and `types` need pyarrow, which services that read tables bring.
"""
