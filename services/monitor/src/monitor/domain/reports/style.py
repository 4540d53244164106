"""The report's style sheet: light and dark by the reader's system, and for paper."""

from __future__ import annotations

STYLE = """
:root{--bg:#f6f7f9;--card:#fff;--ink:#1b2330;--soft:#5b6675;--line:#e1e5ea;--base:#9aa5b4;--base-soft:#9aa5b433;
--now:#2563eb;--now-soft:#2563eb2e;--ok:#15803d;--ok-soft:#15803d1a;--warning:#b45309;--warning-soft:#b453091f;
--critical:#c0222f;--critical-soft:#c0222f1a;--none:#5b6675;--none-soft:#5b66751a}
@media(prefers-color-scheme:dark){:root{--bg:#11151b;--card:#191f28;--ink:#e6eaf0;--soft:#9aa6b6;--line:#2b3440;
--base:#7c8898;--base-soft:#7c889840;--now:#6ba3ff;--now-soft:#6ba3ff38;--ok:#4ade80;--ok-soft:#4ade8022;
--warning:#fbbf24;--warning-soft:#fbbf2422;--critical:#ff7b81;--critical-soft:#ff7b8126;--none:#9aa6b6;
--none-soft:#9aa6b622}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,
"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif;-webkit-print-color-adjust:exact;print-color-adjust:exact}
main{max-width:1120px;margin:0 auto;padding:32px 24px 56px}
.kicker{margin:0;color:var(--soft);font-size:13px;letter-spacing:.02em}
h1{display:flex;flex-wrap:wrap;align-items:center;gap:4px 14px;margin:2px 0 14px;font-size:28px;line-height:1.25;
font-weight:650;overflow-wrap:anywhere}
h1>span:not(.badge){color:var(--soft);font-weight:400}
h2{margin:36px 0 10px;font-size:18px;font-weight:650}
h3{margin:0 0 6px;font-size:14px;font-weight:600}
dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 18px;margin:0 0 18px;font-size:14px}
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
.tiles{display:grid;grid-template-columns:repeat(auto-fill,minmax(150px,1fr));gap:12px}
.tile{padding:12px 14px;background:var(--card);border:1px solid var(--line);border-radius:10px}
.tile small{display:block;color:var(--soft);font-size:12px;overflow-wrap:anywhere}
.tile b{font-size:21px;font-weight:600;font-variant-numeric:tabular-nums}.tile b small{display:inline;font-size:13px}
.badge{display:inline-flex;align-items:center;gap:6px;padding:1px 10px 1px 4px;border-radius:99px;font-size:12.5px;
font-weight:600;line-height:22px;white-space:nowrap;color:var(--none);background:var(--none-soft)}
.badge i{width:16px;text-align:center;font-style:normal;font-weight:800}
.badge.ok{color:var(--ok);background:var(--ok-soft)}.badge.warning{color:var(--warning);background:var(--warning-soft)}
.badge.critical{color:var(--critical);background:var(--critical-soft)}
.note{margin:0 0 12px;color:var(--soft);font-size:13px;max-width:78ch}
.scroll{overflow-x:auto;background:var(--card);border:1px solid var(--line);border-radius:10px}
table{width:100%;border-collapse:collapse;font-size:13.5px}
th,td{padding:8px 12px;text-align:left;vertical-align:middle;border-top:1px solid var(--line)}
thead th{border-top:0;color:var(--soft);font-weight:500;font-size:12.5px;white-space:nowrap}
td small{display:block;max-width:46ch;color:var(--soft);overflow-wrap:anywhere}
td{overflow-wrap:break-word}
.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.name{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:.93em;overflow-wrap:anywhere}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(310px,1fr));gap:14px}
.card{padding:14px 16px;background:var(--card);border:1px solid var(--line);border-radius:10px;break-inside:avoid}
section>.card+.card{margin-top:14px}
.card h3{display:flex;justify-content:space-between;align-items:flex-start;gap:10px}
.metric,.facts{margin:0;color:var(--soft);font-size:12.5px}.metric{margin-bottom:6px}
.metric b,.facts b{color:var(--ink);font-weight:600}.facts span{display:inline-block;margin-right:14px}
.facts{font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
.empty{color:var(--soft);font-size:13px}
.legend{display:flex;align-items:center;gap:7px;margin:0 0 12px;color:var(--soft);font-size:13px}
.key{width:14px;height:10px;border-radius:2px}.key~.key{margin-left:12px}
.base-key{background:var(--base-soft);border:1.5px solid var(--base)}
.now-key{background:var(--now-soft);border:1.5px solid var(--now)}
.chart{display:block;width:100%;height:auto}.bar{display:block;width:170px;height:16px}
svg text{font-size:11px;fill:var(--soft);font-variant-numeric:tabular-nums}svg .label{fill:var(--ink)}
svg .share{font-size:9.5px}svg .now-text{fill:var(--now)}
.base{fill:var(--base-soft);stroke:var(--base);stroke-width:1.3}.now{fill:var(--now-soft);stroke:var(--now);stroke-width:1.6}
.axis,.grid{stroke:var(--line)}.track{fill:var(--none-soft)}.threshold{stroke:var(--ink);stroke-width:2}
.ok-fill{fill:var(--base)}.warning-fill{fill:var(--warning)}.critical-fill{fill:var(--critical)}
.error-fill,.insufficient_data-fill{fill:var(--none)}
.line{fill:none;stroke:var(--now);stroke-width:2;stroke-linejoin:round}.estimate{stroke-dasharray:5 4}
.band{fill:var(--now-soft);stroke:none}.limit{stroke-width:1.5;stroke-dasharray:2 4}
.warning-line{stroke:var(--warning)}.critical-line{stroke:var(--critical)}
.dot{fill:var(--now);stroke:var(--card);stroke-width:1.5}.warning-dot{fill:var(--warning)}.critical-dot{fill:var(--critical)}
.estimate-dot{fill:var(--card);stroke:var(--now)}
.estimate-dot.warning-dot{stroke:var(--warning)}.estimate-dot.critical-dot{stroke:var(--critical)}
.fit{width:fit-content;max-width:100%}.confusion{width:auto}section>h3{margin-top:20px}
.confusion th{font-weight:500;color:var(--soft)}
.right-1{background:color-mix(in srgb,var(--ok) 6%,transparent)}
.right-2{background:color-mix(in srgb,var(--ok) 12%,transparent)}
.right-3{background:color-mix(in srgb,var(--ok) 18%,transparent)}
.right-4{background:color-mix(in srgb,var(--ok) 24%,transparent)}
.right-5{background:color-mix(in srgb,var(--ok) 30%,transparent)}
.wrong-1{background:color-mix(in srgb,var(--critical) 8%,transparent)}
.wrong-2{background:color-mix(in srgb,var(--critical) 16%,transparent)}
.wrong-3{background:color-mix(in srgb,var(--critical) 24%,transparent)}
.wrong-4{background:color-mix(in srgb,var(--critical) 32%,transparent)}
.wrong-5{background:color-mix(in srgb,var(--critical) 40%,transparent)}
ul{margin:0;padding-left:20px}li{margin:4px 0;overflow-wrap:anywhere}
footer{margin-top:40px;color:var(--soft);font-size:12.5px}
@media print{body{background:#fff}main{max-width:none;padding:0}h2{break-after:avoid}tr{break-inside:avoid}}
"""
