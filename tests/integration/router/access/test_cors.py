"""Pages of other origins."""

from __future__ import annotations

from running_services.router_world import World


async def test_a_page_of_an_allowed_origin_may_call(world: World) -> None:
    await world.serve_wine(cors={"allow_origins": ["https://shop.example"]})
    caller = await world.caller()
    caller.send(
        b"OPTIONS /wine/predict HTTP/1.1\r\nHost: x\r\nOrigin: https://shop.example\r\n"
        b"Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: authorization\r\n\r\n"
    )
    status, headers = await caller.head()
    assert status == 204
    assert headers["access-control-allow-origin"] == "https://shop.example"
    assert "authorization" in headers["access-control-allow-headers"]
    caller.post("/wine/predict", b"{}", "Origin: https://shop.example")
    status, headers, _ = await caller.answer()
    assert (status, headers["access-control-allow-origin"]) == (200, "https://shop.example")
    caller.post("/wine/predict", b"{}", "Origin: https://shop.example", key=None)
    status, headers, _ = await caller.answer()
    assert (status, headers["access-control-allow-origin"]) == (401, "https://shop.example")
    caller.post("/wine/predict", b"{}", "Origin: https://evil.example")
    status, headers, _ = await caller.answer()
    assert status == 200
    assert "access-control-allow-origin" not in headers


async def test_without_rules_for_origins_options_says_what_is_allowed(world: World) -> None:
    await world.serve_wine()
    caller = await world.caller()
    caller.send(
        b"OPTIONS /wine/predict HTTP/1.1\r\nHost: x\r\nOrigin: https://a\r\nAccess-Control-Request-Method: POST\r\n\r\n"
    )
    status, headers = await caller.head()
    assert (status, headers["allow"]) == (204, "POST, OPTIONS")
    assert not [name for name in headers if name.startswith("access-control")]
