"""What was found, in the formats other programs and offices read: CSV, XLSX, JSON Lines, SARIF, HTML, Parquet.

One module per format. Each takes an iterable of ``Document`` (``nianshen.export.document``), so that what a check
made and what the store keeps leave in the same shape.
"""
