"""GPUs of this machine: which there are, which pod has which, what each is used for. Whatever runs the pods."""
