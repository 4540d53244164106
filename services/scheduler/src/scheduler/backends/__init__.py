"""Ways to run a pod: `process` on this machine; each is a `domain.Backend`."""
