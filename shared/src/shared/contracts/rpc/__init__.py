"""Questions that one service asks another over `penstock.rpc.<service>.<method>`, by the service that answers."""
