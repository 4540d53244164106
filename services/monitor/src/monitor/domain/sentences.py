"""Sentences of verdicts: why there is no value, what a baseline was made of.

Verdicts keep them in English, as the API says them; a report in Chinese finds the sentence again and says it there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

_SLOT = re.compile(r"{(\w+)(?::([\w ]+))?}")


@dataclass(frozen=True)
class Sentence:
    """Both languages have the same `{names}`; `{rows:row}` in English is so many rows, or 1 row."""

    en: str
    zh: str

    def __call__(self, **values: object) -> str:
        """In English."""
        return _SLOT.sub(lambda slot: _written(values[slot[1]], slot[2]), self.en)

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """What it says in English, whatever the values are."""
        text, *slots = _SLOT.split(self.en)
        written = [re.escape(text)]
        for name, noun, following in zip(slots[::3], slots[1::3], slots[2::3], strict=True):
            written += [f"(?P<{name}>.+?)", f" {noun}s?" if noun else "", re.escape(following)]
        return re.compile("".join(written), re.DOTALL)


def _written(value: object, noun: str | None) -> str:
    return f"{value} {noun}{'' if str(value) == '1' else 's'}" if noun else str(value)


NO_TABLE = Sentence("no inference table of the service has rows yet", "该服务的推理表还没有任何行")
TOO_LONG = Sentence("the window was given up after {seconds} s", "窗口在 {seconds} 秒后被放弃")
NO_ROWS = Sentence("there are no rows in the window", "窗口内没有数据行")
NO_LABEL_YET = Sentence("no inference of the service has a label yet", "该服务的推理还没有任何标签")
NO_LABEL_HERE = Sentence("no row of the window has a label", "窗口内没有带标签的行")
NOTHING_MEASURED = Sentence("nothing was measured in the window", "窗口内没有任何测量值")
FEW_ROWS = Sentence("{rows:row}, fewer than {least}", "{rows} 行，少于 {least} 行")
FEW_REQUESTS = Sentence("{requests:request}, fewer than {least}", "{requests} 个请求，少于 {least} 个")
FEW_ROWS_OF = Sentence("{name} has {rows:row}; {least} are needed.", "{name} 只有 {rows} 行，需要 {least} 行。")
FEW_IN_WINDOW = Sentence(
    "The window has {rows:value} of {column}; {least} are needed.", "窗口内 {column} 有 {rows} 个值，需要 {least} 个。"
)
FEW_IN_BASELINE = Sentence(
    "The baseline has {rows:value} of {column}; {least} are needed.",
    "基线中 {column} 有 {rows} 个值，需要 {least} 个。",
)
NOT_DEFINED = Sentence("{name} is not defined here.", "{name} 在此没有定义。")
NOT_DEFINED_FOR = Sentence(
    "{metric} is not defined for {column}, which is {kind} ({data_type}).",
    "{metric} 不适用于 {column}，它是 {kind}（{data_type}）。",
)
NO_SUCH_COLUMN = Sentence("the table has no column {column}", "表中没有列 {column}")
NO_SUCH_LABEL_COLUMN = Sentence("the labelled table has no column {column}", "带标签的表中没有列 {column}")
EXPECTED_COLUMN = Sentence(
    "the table has no column {column}, which the baseline names", "表中没有基线所要求的列 {column}"
)
OTHER_CLASSES = Sentence(
    "labels ({labels}) and predictions ({predictions}) have no class in common: say the labels as the model does",
    "标签（{labels}）和预测（{predictions}）没有相同的类别：标签要用模型的写法",
)
NO_SLICES = Sentence("there are no slices by {column}, which is {kind}", "不能按 {column} 切片，它是 {kind}")
NO_COLUMN = Sentence("the table has no column that can be profiled", "表中没有可以统计的列")
NO_BASELINE_COLUMN = Sentence(
    "the baseline has no column {column}: it was made of {source}", "基线中没有列 {column}：它来自 {source}"
)
OTHER_TYPE = Sentence("{column} holds {found}, in the baseline {known}", "{column} 的类型是 {found}，基线中是 {known}")
OTHER_KIND = Sentence("{column} holds {found} instead of {expected}", "{column} 的类型是 {found}，而不是 {expected}")
NO_SUCH_METRIC = Sentence("no column has a {metric}: it is of another type", "没有列适用 {metric}：类型不符")
NO_DISTRIBUTIONS = Sentence(
    "{source} says what is expected of columns, and has no distributions", "{source} 只说明对列的要求，没有分布"
)
EMPTY_WINDOW = Sentence(
    "the baseline has no rows: nothing came from {start} to {end}", "基线没有数据行：从 {start} 到 {end} 没有数据"
)
NO_BASELINE_ROWS = Sentence("the baseline has no rows yet: {source}", "基线还没有数据行：{source}")
EMPTY_PLACE = Sentence("the baseline has no rows: {location} is empty", "基线没有数据行：{location} 是空的")
NEEDS_SCORE = Sentence(
    "{metric} needs outcome.score and outcome.positive: which column holds whose share",
    "{metric} 需要 outcome.score 和 outcome.positive：哪一列是哪个类别的概率",
)
UNCLEAR_COLUMN = Sentence(
    "outcome.{role} is to be named: there are {names}", "需要指定 outcome.{role}：现有的列是 {names}"
)
OWN_ERROR = Sentence("an error of the platform's own: {error}", "平台自身的错误：{error}")
OF_WINDOW = Sentence("the window from {start} to {end}", "从 {start} 到 {end} 的窗口")
OF_WEEKS = Sentence("the same window of {weeks:earlier week}", "此前 {weeks} 周的同一时段")
OF_TRAINING = Sentence("training data of {model} {version}: {source}", "{model} {version} 的训练数据：{source}")
OF_ARTIFACT = Sentence("artifact {path}", "制品 {path}")
FROM_NOW_ON = Sentence("{source} is the baseline from now on", "{source}从现在起作为基线")
NO_FILE = Sentence("there is no file {location}", "文件不存在：{location}")
GONE = Sentence(
    "there is no table at {location}, or not all of its files are there any more",
    "{location} 处没有表，或其文件已不完整",
)
UNREADABLE = Sentence("the table at {location} cannot be read: {why}", "无法读取 {location} 处的表：{why}")

SENTENCES = tuple(
    sorted(
        (each for each in list(globals().values()) if isinstance(each, Sentence)),
        key=lambda each: len(_SLOT.sub("", each.en)),
        reverse=True,
    )
)
"""The one that says most itself is tried first."""


def in_chinese(text: str) -> str:
    """A sentence of verdicts, with what is quoted in it; as it is where it is none of them."""
    for sentence in SENTENCES:
        if (found := sentence.pattern.fullmatch(text)) is not None:
            return sentence.zh.format(**{name: in_chinese(value) for name, value in found.groupdict().items()})
    return text
