"""MLflow's tracking server in one process: `python -m penstock.launcher.mlflow_server`, settings from the environment.

`mlflow server` imports everything twice, in its command and again in the uvicorn that the command starts: 17 s to ready
and 500 MB where this takes 8 s and 260 MB, and two processes to end where this is one. What its command does before it
starts uvicorn (prepare the store, name it in these variables) is done here. Same application, same database.
"""

from __future__ import annotations

import os

BACKEND = "_MLFLOW_SERVER_FILE_STORE"
"""The variables are MLflow's own between its command and its server; a test starts the pinned version with them."""


def environment(store: str, artifacts: str) -> dict[str, str]:
    """What the server process needs: a database URL, and where the artifacts that it serves lie."""
    return {
        BACKEND: store,
        "_MLFLOW_SERVER_REGISTRY_STORE": store,
        "_MLFLOW_SERVER_ARTIFACT_ROOT": "mlflow-artifacts:/",
        "_MLFLOW_SERVER_ARTIFACT_DESTINATION": artifacts,
        "_MLFLOW_SERVER_SERVE_ARTIFACTS": "true",
        "_MLFLOW_SGI_NAME": "uvicorn",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }


def main() -> None:
    """Serve on `PENSTOCK_MLFLOW_HOST`:`PENSTOCK_MLFLOW_PORT` until SIGTERM."""
    import uvicorn  # noqa: PLC0415 - this module is imported for `environment` too
    from mlflow.server.handlers import initialize_backend_stores  # noqa: PLC0415

    store = os.environ[BACKEND]
    initialize_backend_stores(store, store, os.environ["_MLFLOW_SERVER_ARTIFACT_ROOT"])
    uvicorn.run(
        "mlflow.server.fastapi_app:app",
        host=os.environ.get("PENSTOCK_MLFLOW_HOST", "127.0.0.1"),
        port=int(os.environ.get("PENSTOCK_MLFLOW_PORT", "5000")),
        access_log=False,
        timeout_graceful_shutdown=5,
    )


if __name__ == "__main__":
    main()
