"""The data plane: POST /<service>/predict."""
