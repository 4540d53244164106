"""The Kubernetes backend: a Deployment for each version, kept by the cluster; what happens to its pods is watched."""
