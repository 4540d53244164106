"""What tests of the Kubernetes backend need: objects as a cluster has them, and an API server of one's own."""
