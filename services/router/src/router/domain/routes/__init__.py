"""The route table: what the bucket `routes` says, as services, versions, pods and paths."""
