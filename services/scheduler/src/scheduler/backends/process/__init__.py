"""The process backend: pods are processes of this machine, each under a shim that outlives the scheduler."""
