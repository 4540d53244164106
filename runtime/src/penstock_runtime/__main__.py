"""`python -m penstock_runtime --model-path DIR --port N`."""

from penstock_runtime.options import read_options
from penstock_runtime.server import run

if __name__ == "__main__":
    run(read_options())
