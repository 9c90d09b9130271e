-- style.lua: the style sheet of the HTML report: readable on light and dark screens and on paper,
-- no fonts, scripts or pictures from elsewhere.
return [[
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#57606a;--paper:#fff;--line:#d0d7de;--band:#f6f8fa;
--ok:#1a7f37;--info:#0969da;--warn:#9a6700;--bad:#cf222e;--best:#dafbe1}
@media (prefers-color-scheme:dark){:root{--ink:#e6edf3;--soft:#9198a1;--paper:#12161b;--line:#3d444d;
--band:#1b2128;--ok:#3fb950;--info:#58a6ff;--warn:#d29922;--bad:#f85149;--best:#12391f}}
*{box-sizing:border-box}
body{margin:0;color:var(--ink);background:var(--paper);font:15px/1.5 system-ui,-apple-system,"Segoe UI",
"DejaVu Sans",sans-serif}
header,main,footer,nav{max-width:1280px;margin:0 auto;padding:0 20px}
header{padding-top:24px}
h1{font-size:1.6rem;line-height:1.25;margin:0 0 .3em;overflow-wrap:anywhere}
h2{font-size:1.2rem;margin:2em 0 .6em;padding-bottom:.2em;border-bottom:1px solid var(--line)}
nav ul{display:flex;flex-wrap:wrap;gap:.2em 1.2em;list-style:none;margin:.4em 0 0;padding:0}
a{color:var(--info)}a:focus-visible{outline:2px solid var(--info);outline-offset:2px}
p{margin:.6em 0;max-width:78ch}
.soft,footer{color:var(--soft);font-size:.87rem}
footer{margin-top:3em;padding-bottom:2em}
.banner{border:1px solid var(--line);border-left:5px solid var(--tone);background:var(--band);
padding:.5em .9em;margin:.6em 0;border-radius:4px;overflow-wrap:anywhere}
.banner b{color:var(--tone)}.banner ul{margin:.3em 0 .1em;padding-left:1.2em}
.ok{--tone:var(--ok)}.info{--tone:var(--info)}.warn{--tone:var(--warn)}.bad{--tone:var(--bad)}
.wide{overflow-x:auto;margin:.8em 0}
table{border-collapse:collapse;font-size:.85rem;width:auto}
caption{text-align:left;font-weight:600;padding:.3em 0;font-size:.95rem}
th,td{padding:.32em .5em;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
thead th{background:var(--band);border-bottom:2px solid var(--line);vertical-align:bottom}
tbody th{font-weight:500}
.name{overflow-wrap:anywhere;min-width:14em;max-width:24em}
.wrap{min-width:13em;max-width:30em;overflow-wrap:anywhere}
.r{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
td .iv{color:var(--soft);display:block;font-size:.85em}
td.na{color:var(--soft);white-space:nowrap}td.best{background:var(--best);font-weight:600}
tr.wrong th,tr.wrong td{color:var(--bad)}
.st{display:inline-block;border:1px solid currentColor;border-radius:9px;padding:0 .5em;font-size:.85em;
white-space:nowrap;color:var(--warn)}
.st.s-ok{color:var(--ok)}.st.s-wrong,.st.s-failed{color:var(--bad)}
.mark{font-size:.8em;color:var(--soft)}
dl{display:grid;grid-template-columns:minmax(8em,max-content) minmax(0,1fr);gap:.25em 1.2em;font-size:.9rem;margin:.5em 0}
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
figure{margin:1.2em 0;max-width:860px}figure svg{width:100%;height:auto;display:block}
figcaption{font-weight:600;margin-bottom:.3em}
details{font-size:.85rem;color:var(--soft)}details p{max-width:none;overflow-wrap:anywhere}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,560px),1fr));gap:0 2em}
@media print{:root{color-scheme:light;--ink:#000;--soft:#333;--paper:#fff;--line:#999;--band:#fff;--best:#e8e8e8;
--ok:#000;--info:#000;--warn:#000;--bad:#000}body{font-size:10pt}nav{display:none}
.wide{overflow:visible}table{font-size:7.5pt}th,td{padding:.2em .35em}
.name{min-width:9em}.wrap{min-width:6em}h2{break-after:avoid}tr,figure,.banner{break-inside:avoid}thead{display:table-header-group}}
]]
