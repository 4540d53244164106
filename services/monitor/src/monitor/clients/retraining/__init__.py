"""Systems that retrain, over HTTP and over the bus; what the controller and the inference-logger know."""
