"""`python -m penstock_runtime --model-path DIR --port N`."""

from penstock_runtime.options import read_options
from penstock_runtime.server import run_server

if __name__ == "__main__":
    run_server(read_options())
