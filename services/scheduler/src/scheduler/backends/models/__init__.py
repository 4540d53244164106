"""The files of MLflow models on this machine: found in a registry, fetched within limits, kept by digest."""
