"""RPC methods of the inference logger: tables, labels and their sources, signatures."""
