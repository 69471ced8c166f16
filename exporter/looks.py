"""The colours, letters, tables and cards of every HTML page of this exporter, as CSS; light, dark and on paper."""

STYLE = """
:root{--ground:#f6f7f9;--card:#fff;--line:#e1e4ea;--text:#1a1f2b;--dim:#596275;--link:#1d4fd7;--track:#e8ebf0;
--good:#0f7a45;--good-bg:#e2f5ea;--bad:#b42318;--bad-bg:#fdeae8;
--busy:#8a5300;--busy-bg:#fdf1d8;--calm:#4b5468;--calm-bg:#eceff4}
@media screen and (prefers-color-scheme:dark){:root{--ground:#0f1218;--card:#171b23;--line:#2a303c;--text:#e6e9ef;
--dim:#9aa4b6;--link:#8fb2ff;--track:#262c38;--good:#5fd39a;--good-bg:#12301f;--bad:#ff9489;--bad-bg:#3a1715;
--busy:#f0bd62;--busy-bg:#33260c;--calm:#aab3c5;--calm-bg:#242a35}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--text);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
main{max-width:1120px;margin:0 auto;padding:32px 24px 40px}
h1{font-size:24px;line-height:1.2;margin:0;letter-spacing:-.01em}
h2{font-size:16px;margin:36px 0 12px;display:flex;gap:10px;align-items:baseline}
h3{font-size:15px;margin:0;display:flex;flex-wrap:wrap;gap:8px;align-items:center;overflow-wrap:anywhere}
.sub,footer{color:var(--dim);font-size:13px;font-weight:400}.sub{margin:2px 0 0}footer{margin-top:36px}
a{color:var(--link);text-decoration:none}a:hover{text-decoration:underline}
a:focus-visible,.scroll:focus-visible{outline:2px solid var(--link);outline-offset:2px;border-radius:4px}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(190px,1fr));gap:12px;margin:0}
.tiles div,.card,.scroll,.empty{background:var(--card);border:1px solid var(--line);border-radius:10px}
.tiles div{padding:14px 16px;min-width:0}dt{color:var(--dim);font-size:13px}dd{margin:0}
.tiles b,.num,.meter span{font-variant-numeric:tabular-nums}
.card{padding:16px 18px;margin-bottom:12px}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(200px,1fr));gap:12px 24px;margin:14px 0 0}
.facts dd{overflow-wrap:anywhere}
.good{--ink:var(--good);--wash:var(--good-bg)}.bad{--ink:var(--bad);--wash:var(--bad-bg)}
.busy{--ink:var(--busy);--wash:var(--busy-bg)}.calm{--ink:var(--calm);--wash:var(--calm-bg)}
.badge{display:inline-block;border-radius:999px;padding:1px 9px;font-size:12px;line-height:1.5;font-weight:600;
color:var(--ink);background:var(--wash);white-space:nowrap}
.scroll{overflow-x:auto}table{width:100%;border-collapse:collapse;font-size:14px}
th{color:var(--dim);font-size:13px;font-weight:500;text-align:left;white-space:nowrap}
th,td{padding:9px 16px;border-bottom:1px solid var(--line);vertical-align:top}tbody tr:last-child td{border-bottom:0}
.num{text-align:right;white-space:nowrap}
code,.path{font:12.5px/1.5 ui-monospace,SFMono-Regular,Menlo,"DejaVu Sans Mono",monospace}
.empty{margin:0;padding:18px;color:var(--dim)}
@media(max-width:640px){main{padding:20px 14px 32px}.tiles{grid-template-columns:repeat(2,minmax(0,1fr))}
.tiles div:last-child{grid-column:1/-1}.side{display:none}th,td{padding:8px 12px}}
"""
