"""What the router does by time: follow the routes, announce itself, report the traffic."""
