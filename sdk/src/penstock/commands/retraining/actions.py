"""What a trigger runs, from the options of the command line."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from penstock.commands.cli.arguments import given

Webhook = Annotated[str | None, typer.Option(help="URL of a receiver of Standard Webhooks.")]
Airflow = Annotated[str | None, typer.Option(help="Base URL of Airflow 3's API server; with --dag.")]
Dag = Annotated[str | None, typer.Option(help="Id of the DAG.")]
Argo = Annotated[str | None, typer.Option(help="Base URL of the Argo server; with --namespace and --template.")]
Namespace = Annotated[str | None, typer.Option(help="Kubernetes namespace of the workflow.")]
Template = Annotated[str | None, typer.Option(help="Name of the WorkflowTemplate.")]
Github = Annotated[str | None, typer.Option(help="OWNER/NAME of a repository that is sent a dispatch.")]
JobCommand = Annotated[str | None, typer.Option("--command", help='A supervised job: "python train.py".')]
Project = Annotated[str | None, typer.Option(help="A supervised job: an MLflow project, `.` or a git URL.")]
Files = Annotated[list[Path] | None, typer.Option("--file", help="A file of the job; several may be given.")]
Requirements = Annotated[
    list[str] | None, typer.Option("--requirement", help="A line of pip for the job's environment; several.")
]
Spec = Annotated[str | None, typer.Option(help="Resource spec of the job.")]
ActionFile = Annotated[Path | None, typer.Option(help="JSON file with an action as the API has it.")]


@dataclass(frozen=True)
class ActionOptions:
    """All of them; exactly one says of which kind it is."""

    webhook: str | None = None
    airflow: str | None = None
    dag: str | None = None
    argo: str | None = None
    namespace: str | None = None
    template: str | None = None
    github: str | None = None
    command: str | None = None
    project: str | None = None
    files: list[Path] | None = None
    requirements: list[str] | None = None
    spec: str | None = None
    action_file: Path | None = None

    def action(self) -> dict[str, Any]:
        """The action as the API has it; a usage error where it is not one."""
        kinds = {
            "--webhook": self.webhook,
            "--airflow": self.airflow,
            "--argo": self.argo,
            "--github": self.github,
            "--command": self.command,
            "--project": self.project,
            "--action-file": self.action_file,
        }
        chosen = [name for name, value in kinds.items() if value is not None]
        if len(chosen) != 1:
            raise typer.BadParameter(f"give exactly one of {', '.join(kinds)}")
        if self.action_file is not None:
            return _read_action(self.action_file)
        if self.command is not None or self.project is not None:
            return self._job()
        found = {
            "--webhook": {"kind": "webhook", "url": self.webhook},
            "--airflow": {"kind": "airflow", "url": self.airflow, "dag_id": self.dag},
            "--argo": {"kind": "argo", "url": self.argo, "namespace": self.namespace, "template": self.template},
            "--github": {"kind": "github", "repository": self.github},
        }[chosen[0]]
        return given(**found)

    def _job(self) -> dict[str, Any]:
        found: dict[str, Any] = {"kind": "job", "files": {each.name: _text_of(each) for each in self.files or ()}}
        if self.command is not None:
            found["command"] = shlex.split(self.command)
        else:
            found["mlflow_project"] = {"uri": self.project}
        if self.requirements:
            found["requirements"] = self.requirements
        if self.spec is not None:
            found["resource_source"] = {"kind": "shared", "spec": self.spec}
        return found


def _read_action(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(_text_of(file))
    except ValueError as error:
        raise typer.BadParameter(f"{file} is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise typer.BadParameter(f"{file} holds no JSON object")
    return found


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise typer.BadParameter(f"{file} cannot be read as text: {error}") from None
