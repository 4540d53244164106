"""A page's blocks are cut where they show an output."""

from __future__ import annotations

from pathlib import Path

from platforms.readme_blocks import Step, blocks, steps

PAGE = """
```sh
# a word before
echo 1; echo 2     # a remark
# 2
# …d   (a remark)

echo 3
```
```python
print()
```
```sh
true
```
"""


def test_blocks_are_those_of_the_shell(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text(PAGE)
    first, second = blocks(tmp_path / "README.md")
    assert second == "true\n"
    assert steps(first) == [
        Step("# a word before\necho 1; echo 2     # a remark", ("2", "…d")),
        Step("\necho 3", ()),
    ]


def test_an_output_ends_with_what_is_shown() -> None:
    step = Step("", ("2", "a … d"))
    assert step.shows("1\n2\na b c d\n")
    assert not step.shows("2\na b c\n")
    assert not step.shows("a b d\n")
