"""The folders of pods and their runs on disk, and what is read from them."""
