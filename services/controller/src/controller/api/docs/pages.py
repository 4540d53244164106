"""`/docs`: the OpenAPI document as one page for a browser, made here, without scripts and without other servers.

The page and the document need no token: they say nothing of anybody's services. `/` leads a browser there.
"""

from __future__ import annotations

import base64
import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from controller.api.docs.schema_fields import FieldRow, Schema, field_rows, type_name
from controller.api.open_paths import DOCS_PAGE

router = APIRouter(include_in_schema=False)

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;margin:0 auto;max-width:64rem;padding:1rem 1.5rem;color:#1b1f24;background:#fff}
h1{font-size:1.5rem}h2{margin-top:2rem;border-bottom:1px solid #d0d7de;font-size:1.2rem}a{color:#0a58ca}
code,pre{font:13px/1.5 ui-monospace,monospace}pre{background:#f6f8fa;padding:.75rem;overflow-x:auto}
summary{cursor:pointer;padding:.25rem 0}
summary b{display:inline-block;min-width:4.5rem;font-family:ui-monospace,monospace}
details>div{margin:0 0 1rem 1rem}table{border-collapse:collapse;width:100%;font-size:13px}
th,td{border:1px solid #d0d7de;padding:.25rem .5rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}
@media(prefers-color-scheme:dark){body{background:#0d1117;color:#e6edf3}pre{background:#161b22}a{color:#6cb6ff}
th,td,h2{border-color:#30363d}}
"""
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
HEADERS = {
    "content-security-policy": f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
}


@router.get("/")
async def start() -> Response:
    """To the description of the API."""
    return RedirectResponse(DOCS_PAGE.removeprefix("/"), 307)  # relative: it holds behind a path prefix too


@router.get(DOCS_PAGE)
async def described(request: Request) -> Response:
    """The description of the API."""
    app = request.app
    if not hasattr(app.state, "docs_page"):
        app.state.docs_page = rendered(app.openapi(), str(app.openapi_url))
    return HTMLResponse(app.state.docs_page, headers=HEADERS)


def rendered(document: Mapping[str, Any], url: str) -> str:
    """The whole page."""
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for path, item in document["paths"].items():
        for method, operation in item.items():
            groups[operation.get("tags", ["other"])[0]].append(_operation(method, path, operation))
    schemas = document["components"]["schemas"]
    title = f"{document['info']['title']} {document['info']['version']}"
    return "".join(
        [
            f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>',
            '<meta name="viewport" content="width=device-width"><style>',
            f"{_STYLE}</style></head><body><h1>{escape(title)}</h1>",
            f'<p>The same for programs: <a href="{escape(url)}">{escape(url)}</a>. Every request but these carries ',
            "<code>Authorization: Bearer &lt;token&gt;</code>; the first token is in ",
            "<code>$PENSTOCK_HOME/admin-token</code>.</p>",
            f"<p>{' · '.join(_link(name) for name in [*groups, 'schemas'])}</p>",
            *(part for name, parts in groups.items() for part in (_head(name), *parts)),
            _head("schemas"),
            *(_schema(name, schema) for name, schema in sorted(schemas.items())),
            "</body></html>",
        ]
    )


def _link(name: str) -> str:
    return f'<a href="#{_anchor(name)}">{escape(name)}</a>'


def _head(name: str) -> str:
    return f'<h2 id="{_anchor(name)}">{escape(name)}</h2>'


def _anchor(name: str) -> str:
    return escape(name.replace(" ", "-"), quote=True)


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> str:
    told = "".join(_parts(method, path, operation))
    summary = escape(operation.get("summary", ""))
    return f"<details><summary><b>{method.upper()}</b> <code>{escape(path)}</code> {summary}</summary>{told}</details>"


def _parts(method: str, path: str, operation: Mapping[str, Any]) -> Iterator[str]:
    yield f"<div><p>{escape(operation.get('description', ''))}</p>"
    given = operation.get("parameters", [])
    if given:
        required = [each["name"] for each in given if each.get("required")]
        fields = {each["name"]: _parameter(each) for each in given}
        yield _table(field_rows({"properties": fields, "required": required}))
    body = _json_schema(operation.get("requestBody", {}))
    if body is not None:
        yield f"<p>Body: {_type(body)}</p>"
    for status, answer in operation["responses"].items():
        shape = _json_schema(answer)
        of = f": {_type(shape)}" if shape is not None else ""
        yield f"<div><code>{escape(status)}</code> {escape(answer.get('description', ''))}{of}</div>"
    yield f"<pre>{escape(_curl(method, path, has_body=body is not None))}</pre></div>"


def _parameter(parameter: Mapping[str, Any]) -> dict[str, Any]:
    told = f"{parameter['in']}. {parameter.get('description', '')}".strip()
    return {**parameter["schema"], "description": told}


def _json_schema(content: Mapping[str, Any]) -> Schema | None:
    found: Schema | None = content.get("content", {}).get("application/json", {}).get("schema")
    return found or None


def _curl(method: str, path: str, *, has_body: bool) -> str:
    line = f'curl -X {method.upper()} "$URL{path}" -H "Authorization: Bearer $TOKEN"'
    return f"{line} -H 'Content-Type: application/json' -d @body.json" if has_body else line


def _type(schema: Schema) -> str:
    """The type, with a link where it has a table of its own."""
    name = type_name(schema)
    before, space, last = name.rpartition(" ")
    if not last[:1].isupper():
        return escape(name)
    return f'{escape(before + space)}<a href="#{_anchor(last)}">{escape(last)}</a>'


def _schema(name: str, schema: Schema) -> str:
    told = escape(schema.get("description", ""))
    fields = _table(field_rows(schema)) or f"<p>{escape(type_name(schema))}</p>"
    head = f'<details id="{_anchor(name)}" open><summary>{escape(name)}</summary>'
    return f"{head}<div><p>{told}</p>{fields}</div></details>"


def _table(rows: list[FieldRow]) -> str:
    if not rows:
        return ""
    head = "<tr><th>field</th><th>type</th><th>unit</th><th>default</th><th>bounds</th><th>meaning</th></tr>"
    cells = "".join(
        f"<tr><td><code>{escape(row.name)}</code></td>"
        + "".join(f"<td>{escape(cell)}</td>" for cell in (row.type, row.unit, row.default, row.bounds, row.meaning))
        + "</tr>"
        for row in rows
    )
    return f"<table>{head}{cells}</table>"
