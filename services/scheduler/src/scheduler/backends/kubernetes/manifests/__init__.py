"""The objects that a version is on a cluster: pure functions from a deployment to what is applied."""
