"""RPC methods (`penstock.rpc.<service>.<method>`): by the service that serves them, else by what several serve."""
