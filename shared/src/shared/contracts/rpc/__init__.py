"""RPC methods (`penstock.rpc.<service>.<method>`): a module for each service that serves them."""
