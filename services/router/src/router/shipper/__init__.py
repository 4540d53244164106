"""The shipper: a process beside the router that moves the request log from the spool to the bus."""
