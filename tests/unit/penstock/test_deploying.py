"""What `deploy` and the commands that wait say and end with, against prepared answers of a control plane."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import Result

from penstock.commands.cli.arguments import autoscaling_range
from penstock.commands.deployment.redeploy import has_configuration
from penstock.commands.deployment.rollback import earlier_model
from penstock.commands.services.publish_check import batching_summary, check_summary, check_warnings, last_line
from penstock.commands.services.waiting import ProgressLine, stage_of
from platforms.command_line import invoke
from servers.scripted_api import Answers, ScriptedApi

Run = Callable[..., tuple[Result, ScriptedApi]]
TRACE = "Traceback (most recent call last):\n  File x\nValueError: the column 'colour' is missing\n"
V1 = "/services/shop/versions/v1"


def check(example: str = "ok", *, signature: bool = True, message: str | None = None) -> dict[str, Any]:
    told = {"status": example, "rows": 2, "duration_ms": 3.14159, "message": message}
    return {
        "load_ms": 1,
        "example": told,
        "row_wise": False,
        "row_wise_reason": "dependent",
        "has_signature": signature,
    }


def version(status: str = "running", **more: Any) -> Any:
    source = {"kind": "mlflow", "model": "wine", "version": "3", "registry": None, "alias": None, "follow": False,
              "run_id": "r" * 32, "model_id": "m-1", "digest": "sha256:" + "d" * 64}  # fmt: skip
    return {
        "service": "shop", "name": "v1", "status": status, "reason": None, "message": None, "log_tail": [],
        "model_source": source, "resource_source": {"kind": "shared", "spec": "1C2G"}, "replicas": 1,
        "desired_replicas": 1, "ready_replicas": int(status == "running"), "traffic_weight": 100, "rate_limit": None,
        "max_concurrency": None, "request_timeout_ms": 60000, "log_delivery": {"enabled": True, "sample_rate": 1.0},
        "runtime": {"workers": 1}, "env": {}, "restart_to_apply": [], "check": check(), **more,
    }  # fmt: skip


def service(*versions: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": "shop", "status": "running", "url": "http://data/shop/predict", "auth_enabled": True,
            "project": "default", "versions": list(versions), **more}  # fmt: skip


def fresh(*looks: dict[str, Any]) -> Answers:
    """A service that is not there yet; its first version is then seen like this, look after look."""
    return {
        "GET /services/shop": [(404, {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "no"}), service(looks[-1])],
        "POST /services": [service(version("starting", check=None))],
        f"GET {V1}": list(looks),
        f"GET {V1}/pods": [{"items": []}],
        "GET /models/wine/versions/3": [{"input_example": {"inputs": [[1, "it's"]]}}],
        "POST /services/shop/keys": [{"id": "1", "name": "me", "key": "psk_1"}],
    }


@pytest.fixture(scope="module")
def api() -> Iterator[ScriptedApi]:
    with ScriptedApi({}) as serving:
        yield serving


@pytest.fixture
def run(api: ScriptedApi, tmp_path: Path) -> Run:
    home = {"XDG_CONFIG_HOME": str(tmp_path), "PENSTOCK_HOME": str(tmp_path)}

    def run(answers: Answers, *arguments: str, code: int = 0) -> tuple[Result, ScriptedApi]:
        api.answers, api.asked = answers, []
        result = invoke(*arguments, env={"PENSTOCK_URL": api.url, "PENSTOCK_TOKEN": "t", **home})
        assert result.exit_code == code, (result.exit_code, result.output, result.exception)
        return result, api

    return run


DEPLOY = ("deploy", "models:/wine/3", "--name", "shop")


def test_a_failing_example_is_a_warning_with_the_last_line_of_its_trace(run: Run) -> None:
    failing = version(check=check("failed", signature=False, message=TRACE))
    said = run(fresh(failing), *DEPLOY, "--wait")[0].stderr
    assert "warning: v1: the model's own input example fails: ValueError: the column 'colour' is missing\n" in said
    assert "warning: v1: no signature: inputs are not checked\n" in said
    assert "Traceback" not in said


def test_strict_makes_it_a_failure_and_says_what_stays(run: Run) -> None:
    result, api = run(fresh(version(check=check("absent"))), *DEPLOY, "--strict", "--key", "me", code=1)
    assert "no input example was logged" in result.stderr
    assert "shop v1 stays as it is, running with 100 % of the traffic: `versions stop shop v1` ends it" in result.stderr
    assert api.bodies("POST /services/shop/keys") == []
    assert "warning" not in run(fresh(version()), *DEPLOY, "--strict")[0].stderr


def test_it_ends_with_how_to_call_the_service(run: Run) -> None:
    told = run(fresh(version()), *DEPLOY, "--wait", "--key", "me")[0].stdout
    lines = dict(line.split(maxsplit=1) for line in told.splitlines())
    assert (lines["url"], lines["key"]) == ("http://data/shop/predict", "psk_1")
    assert lines["curl"].startswith("curl -sS -X POST http://data/shop/predict -H ")
    assert '"Authorization: Bearer $PENSTOCK_API_KEY"' in lines["curl"]
    assert """--data '{"inputs": [[1, "it'"'"'s"]]}'""" in lines["curl"]


def test_a_key_that_is_there_already_is_no_failure(run: Run) -> None:
    answers = fresh(version())
    answers["POST /services/shop/keys"] = [(409, {"error_code": "RESOURCE_CONFLICT", "message": "already a key 'me'"})]
    result, _ = run(answers, *DEPLOY, "--key", "me")
    assert "no key was issued: already a key 'me'" in result.stderr
    run(answers, *DEPLOY, "--key", "me", "--no-auth", code=2)


def test_deploying_again_waits_for_the_version_that_starts(run: Run) -> None:
    answers = fresh(version())
    answers["GET /services/shop"] = [service(version("starting"))]
    result, api = run(answers, *DEPLOY, "--wait")
    assert "shop v1 is the same model and configuration, and is starting already" in result.stderr
    assert api.bodies("POST /services/shop/versions") == []
    answers["POST /services/shop/versions"] = [version(name="v2")]
    _, api = run(answers, *DEPLOY, "--replicas", "2")
    assert len(api.bodies("POST /services/shop/versions")) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"model_source": {"kind": "mlflow", "model": "wine", "version": "4"}},
        {"model_source": {"kind": "mlflow", "model": "wine", "alias": "champion"}},
        {"env": {"A": "1"}},
        {"replicas": {"min": 1, "max": 3, "target_concurrency": 16.0}},
        {"rate_limit": {"qps": 5}},
        {"log_delivery": {"enabled": False}},
    ],
)
def test_another_configuration_is_another_version(other: dict[str, Any]) -> None:
    asked = {"model_source": {"kind": "mlflow", "model": "wine", "version": "3"}, "replicas": 1, "env": {},
             "resource_source": {"kind": "shared", "spec": "1C2G"}, "traffic_weight": 0, "description": ""}  # fmt: skip
    assert has_configuration(version("starting"), asked)
    assert not has_configuration(version("starting"), asked | other)
    assert not has_configuration(version("starting", rate_limit={"qps": 5}), asked)


def test_a_range_of_pods_is_one_at_least_unless_zero_is_asked_for() -> None:
    assert autoscaling_range(1, None, 3, None) == {"min": 1, "max": 3, "target_concurrency": 16.0}
    assert autoscaling_range(1, 0, 3, 4.0) == {"min": 0, "max": 3, "target_concurrency": 4.0}
    assert autoscaling_range(2, None, None, None) is None
    for wrong in ((1, 0, None, None), (1, None, None, 4.0), (2, None, 3, None), (1, 4, 3, None)):
        with pytest.raises(typer.BadParameter):
            autoscaling_range(*wrong)


def test_a_change_that_is_rolled_back_is_a_failure(run: Run) -> None:
    back = version(reason="RolledBack", message="LoadFailed: no such file", log_tail=["OSError: no such file"])
    answers: Answers = {f"PATCH {V1}": [version("updating")], f"GET {V1}": [back], f"GET {V1}/pods": [{"items": []}]}
    said = run(answers, "versions", "edit", "shop", "v1", "--replicas", "2", "--wait", code=1)[0].stderr
    assert "runs with the configuration that it had before; RolledBack: LoadFailed: no such file" in said
    assert "OSError: no such file" in said
    assert "penstock: ready" not in said


def test_every_change_can_be_waited_for(run: Run) -> None:
    looks: Answers = {
        f"GET {V1}": [version()],
        f"GET {V1}/pods": [{"items": []}],
        "GET /services/shop": [service(version())],
    }
    for route, *command in (
        (f"POST {V1}/start", "versions", "start", "shop", "v1"),
        (f"POST {V1}/restart", "versions", "restart", "shop", "v1"),
        ("POST /services/shop/start", "services", "start", "shop"),
        ("POST /services/shop/restart", "services", "restart", "shop"),
    ):
        first = version("starting")
        changed = service(first, version("stopped", name="v2")) if "services" in command else first
        assert "penstock: ready" in run(looks | {route: [changed]}, *command, "--wait")[0].stderr
    stopped = run({f"PATCH {V1}": [version("stopped")]}, "versions", "edit", "shop", "v1", "--replicas", "2", "--wait")[
        0
    ]
    assert "nothing to wait for" in stopped.stderr


def test_a_split_is_waited_for_until_routers_have_it(run: Run) -> None:
    def traffic(**effective: int) -> dict[str, Any]:
        return {"weights": {"v1": 90, "v2": 10}, "effective": effective, "fallback": None}

    set_split = ("traffic", "set", "shop", "v1=90", "v2=10", "--wait")
    route, late = "GET /services/shop/traffic", traffic(v1=100, v2=0)
    answers: Answers = {"PUT /services/shop/traffic": [late], route: [late, traffic(v1=90, v2=10)]}
    assert "effective          v1=90 v2=10" in run(answers, *set_split)[0].stdout
    assert "not in effect" in run(answers | {route: [late]}, *set_split, "--timeout", "0", code=7)[0].stderr


def audited(operation: str, before: dict[str, Any], action: str = "updated") -> dict[str, Any]:
    return {"operation": operation, "action": action, "before": before, "after": {}}


def test_a_rollback_publishes_the_model_that_was_there_before(run: Run) -> None:
    lines = [
        audited("set_traffic", {"weight": 0}),
        audited("edit_version", {"model_version": "2"}),
        audited("x", {}, "created"),
    ]
    answers: Answers = {f"GET {V1}": [version()], "GET /audit": [{"items": lines}], f"PATCH {V1}": [version()]}
    result, api = run(answers, "rollback", "shop", "v1")
    assert api.bodies(f"PATCH {V1}") == [{"model_source": {"kind": "mlflow", "model": "wine", "version": "2"}}]
    assert "from models:/wine/3 to models:/wine/2" in result.stderr
    assert (
        "no earlier model" in run(answers | {"GET /audit": [{"items": []}]}, "rollback", "shop", "v1", code=5)[0].stderr
    )


def test_what_the_platform_took_back_is_not_rolled_back_to() -> None:
    source = {"model": "wine", "version": "2", "registry": None}
    failed = [audited("roll_back", {"model_version": "9"}), audited("edit_version", {"model_version": "2"})]
    earlier = audited("edit_version", {"model_version": "1", "model_registry": "other"})
    assert earlier_model(source, [*failed, earlier]) == {"model": "wine", "version": "1", "registry": "other"}
    restarted = audited("restart_version", {}, "restarted") | {"before": None}
    assert earlier_model(source, [*failed, restarted, audited("create", {}, "created"), earlier]) is None


def test_the_check_is_shown_as_far_as_it_is_known() -> None:
    assert check_summary(version(check=None)) is None
    assert [check_summary(version(check=check(status))) for status in ("ok", "failed", "absent", "odd")] == [
        "ok", "example failed", "no example", "odd",
    ]  # fmt: skip
    assert (check_summary({"check": {"new": 1}}), check_warnings({"check": {"new": 1}})) == ("None", [])
    explained = {"check": check() | {"row_wise": True, "row_wise_reason": "example", "row_wise_message": "equal"}}
    assert batching_summary(explained) == "shared by callers: example: equal"
    assert batching_summary(explained, in_words=False) == "shared by callers: example"
    assert batching_summary(version()) == "one caller at a time: dependent"
    assert check_warnings(version()) == check_warnings(version(check=None)) == []
    assert last_line("a\nb  \n\n") == "b"


def test_a_version_is_shown_field_by_field(run: Run) -> None:
    shown = version(
        rate_limit={"qps": 5}, restart_to_apply=["bank"], env={"A": "1", "T": {"secret": "bank", "key": "t"}}
    )
    told = run({f"GET {V1}": [shown]}, "versions", "show", "shop", "v1")[0].stdout
    assert max(map(len, told.splitlines())) < 100
    for line in (
        "model              models:/wine/3", "pods               1 of 1 ready", "rate_limit         qps=5",
        "request_timeout_ms 60000", "log_delivery       enabled=yes sample_rate=1.0", "restart_to_apply   bank",
        "check              ok (2 rows, 3.14 ms)\n                   inputs are checked against the signature",
        "env                A=1\n                   T=<secret bank/t>",
    ):  # fmt: skip
        assert line in told
    assert json.loads(run({f"GET {V1}": [shown]}, "versions", "show", "shop", "v1", "-o", "json")[0].stdout) == shown


def test_a_service_names_its_versions_and_all_of_their_pods(run: Run) -> None:
    answers: Answers = {
        "GET /services/shop": [service(version(), version("failed", name="v2", traffic_weight=0, reason="LoadFailed"))],
        f"GET {V1}/pods": [{"items": [{"name": "shop-v1-a", "version": "v1"}]}],
        "GET /services/shop/versions/v2/pods": [{"items": [{"name": "shop-v2-a", "version": "v2"}]}],
    }
    told = run(answers, "services", "show", "shop")[0].stdout
    assert "v1  running  100 %  models:/wine/3\n" in told
    assert "\n                   v2  failed  0 %  models:/wine/3  LoadFailed\n" in told
    pods = run(answers, "pods", "list", "shop", "-o", "json")[0].stdout
    assert [pod["name"] for pod in json.loads(pods)] == ["shop-v1-a", "shop-v2-a"]


def test_a_key_alone_for_scripts(run: Run) -> None:
    answers: Answers = {"POST /services/shop/keys": [{"id": "1", "name": "me", "key": "psk_1"}]}
    assert run(answers, "keys", "create", "shop", "me", "-q")[0].stdout == "psk_1\n"


def test_what_it_is_at_has_the_time_and_the_last_line(capsys: pytest.CaptureFixture[str]) -> None:
    seconds = iter((0.0, 1.0, 2.0, 9.0))
    with ProgressLine(lambda: next(seconds)) as progress:
        progress.show("starting", "line 1")
        progress.show("starting", "line 2")
        progress.show("starting", "line 3")
    assert capsys.readouterr().err.splitlines() == [
        "penstock: starting · 1 s · line 1", "penstock: starting · 9 s · line 3",
    ]  # fmt: skip


def test_room_is_told_in_numbers() -> None:
    waits = version("starting", reason="Waiting", message="asks for 1 cores, 2 GiB; free are 0 cores, 24.3 GiB")
    assert stage_of(waits, []) == (
        "starting · Waiting: asks for 1 cores, 2 GiB; free are 0 cores, 24.3 GiB (0/1 ready)"
    )


IMAGE: dict[str, Any] = {"kind": "image",
         "image": "localhost:5000/ns/wine:1", "credentials": None, "command": None, "args": None,
         "port": 8080, "health_path": "/health", "predict_path": "/predict", "mounts": []}  # fmt: skip


def test_an_image_is_deployed_with_what_its_container_needs(run: Run, tmp_path: Path) -> None:
    (tmp_path / "app.yaml").write_text("a: 1\n")
    of_image = version(model_source=IMAGE | {"command": ["serve", "--all"], "credentials": "hub"})
    gone = (404, {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "no"})
    made = service(of_image)
    answers: Answers = {"GET /services/wine": [gone], "POST /services": [made], "GET /services/shop": [made]}
    result, api = run(
        answers, "deploy", "--image", "localhost:5000/ns/wine:1", "--pull-secret", "hub", "--command", "serve --all",
        "--args", "-n 'a b'", "--port", "9000", "--predict-path", "/score", "--health-path", "/ready",
        "--mount", f"/etc/app.yaml=@{tmp_path / 'app.yaml'}", "--mount", "/data=s3://lake/w,secret=lake,endpoint=http://s3",
        "--mount", "/weights=oci://r.io/models/wine:3,secret=hub",
        "--mount", "/model=models:/wine/3",
    )  # fmt: skip
    (body,) = api.bodies("POST /services")
    assert (body["name"], body["version"]["model_source"]) == (
        "wine",
        {
            "kind": "image", "image": "localhost:5000/ns/wine:1", "credentials": "hub", "command": ["serve", "--all"],
            "args": ["-n", "a b"], "port": 9000, "predict_path": "/score", "health_path": "/ready",
            "mounts": [
                {"kind": "file", "path": "/etc/app.yaml", "content": "a: 1\n"},
                {"kind": "s3", "path": "/data", "uri": "s3://lake/w", "credentials": "lake", "endpoint": "http://s3"},
                {"kind": "oci", "path": "/weights", "uri": "oci://r.io/models/wine:3", "credentials": "hub"},
                {"kind": "artifact", "path": "/model", "uri": "models:/wine/3"},
            ],
        },
    )  # fmt: skip
    assert "image localhost:5000/ns/wine:1" in result.stdout
    assert "started with serve --all" in result.stdout
    assert "--data @request.json" in result.stdout


def test_of_an_image_that_is_there_only_what_is_given_changes(run: Run) -> None:
    there = version(model_source=IMAGE)
    answers: Answers = {f"GET {V1}": [there], f"PATCH {V1}": [there]}
    _, api = run(answers, "versions", "edit", "shop", "v1", "--port", "9000")
    assert api.bodies(f"PATCH {V1}") == [{"model_source": IMAGE | {"port": 9000}}]
    said = run({f"GET {V1}": [version()]}, "versions", "edit", "shop", "v1", "--port", "9000", code=2)[0].stderr
    assert "made from a model" in " ".join(said.replace("│", " ").split())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "give a model"),
        (("models:/wine/3", "--image", "wine:1"), "not both"),
        (("models:/wine/3", "--port", "80"), "not both"),
        (("--image", "wine:1", "--follow"), "belong to a model"),
        (("--image", "wine:1", "--port", "0"), "--port"),
        (("--image", "wine:1", "--command", "it's"), "split into words"),
        (("--image", "wine:1", "--mount", "/data"), "is not PATH=SOURCE"),
        (("--image", "wine:1", "--mount", "/data=gs://b"), "no source of a mount"),
        (("--image", "wine:1", "--mount", "/data=@/nowhere"), "cannot be read"),
        (("--image", "wine:1", "--mount", "/data=runs:/1/m,endpoint=x"), "takes no endpoint"),
        (("--image", "wine:1", "--mount", "/data=s3://b,secret"), "is not secret=NAME"),
    ],
)
def test_what_contradicts_itself_is_a_usage_error(run: Run, arguments: tuple[str, ...], said: str) -> None:
    result, api = run({}, "deploy", *arguments, "--name", "shop", code=2)
    assert said in " ".join(result.stderr.replace("│", " ").split())
    assert api.asked == []


def test_an_image_is_rolled_back_to_whole() -> None:
    source = {"kind": "mlflow", "model": "wine", "version": "2", "registry": None}
    before = audited("edit_version", {"model": None, "model_version": None, "image": IMAGE})
    assert earlier_model(source, [before]) == IMAGE
    after = audited("edit_version", {"model": "wine", "model_version": "2", "image": None})
    assert earlier_model(IMAGE, [after]) == {"model": "wine", "version": "2", "registry": None}


def test_deploying_an_image_again_waits_for_the_version_that_starts(run: Run) -> None:
    answers = fresh(version(model_source=IMAGE))
    answers["GET /services/shop"] = [service(version("starting", model_source=IMAGE))]
    arguments = ("deploy", "--image", "localhost:5000/ns/wine:1", "--name", "shop")
    result, api = run(answers, *arguments)
    assert "is starting already" in result.stderr
    answers["POST /services/shop/versions"] = [version(name="v2", model_source=IMAGE)]
    _, api = run(answers, *arguments, "--port", "9000")
    assert len(api.bodies("POST /services/shop/versions")) == 1
