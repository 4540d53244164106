"""Starting the process of a run: executed under a shim, or forked from a zygote."""
