"""What uv resolved, as lines for an installer."""

from __future__ import annotations

import pytest

from scheduler.backends.environments.resolution import read_resolution
from scheduler.domain.requirements.comparison import EnvironmentPackages
from scheduler.domain.requirements.lines import PackageRequirement, read_line

LOCK = """
[[packages]]
name = "mlflow"
version = "2.14.3"
wheels = [{ url = "https://h/mlflow.whl" }]
[[packages]]
name = "numpy"
version = "1.26.4"
sdist = { url = "https://h/numpy.tar.gz" }
wheels = [{ url = "https://h/numpy.whl" }]
[[packages]]
name = "old-thing"
version = "1.0"
sdist = { url = "https://h/old.tar.gz" }
[[packages]]
name = "mine"
version = "1.0"
archive = { path = "code/mine.whl" }
"""


def wanted(line: str) -> PackageRequirement:
    found = read_line(line)
    assert isinstance(found, PackageRequirement)
    return found


def test_wheels_sources_hashes_and_mlflow() -> None:
    mine, pkg = wanted("code/mine.whl"), wanted("code/pkg")
    packages = EnvironmentPackages((wanted("mlflow==2.14.3"), wanted("numpy --hash=sha256:aa"), mine, pkg))
    found = read_resolution(LOCK, packages, {mine: "/b/mine.whl", pkg: "/b/pkg"})
    assert found.wheels == ("numpy==1.26.4 --hash=sha256:aa", "mlflow-skinny==2.14.3", "/b/mine.whl")
    assert found.sources == ("old-thing==1.0", "/b/pkg")
    whole = EnvironmentPackages((wanted("mlflow[extras]==2.14.3"),), is_full=True)
    assert read_resolution(LOCK, whole, {}).wheels[0] == "mlflow==2.14.3"


@pytest.mark.parametrize(
    "package", ['name = "a\\n-r /etc/passwd"\nversion = "1"', 'name = "a"\nversion = "1\\n-r x"', "name ="]
)
def test_a_lock_file_that_was_tampered_with_is_refused(package: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_resolution(f"[[packages]]\n{package}\n", EnvironmentPackages(()), {})
