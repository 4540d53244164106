"""The control plane with a full store: what its lists take over HTTP, and what its passes over everything take."""
