/**
 * What both pages look like.
 *
 * @module
 */

export const SHARED_STYLE = `
:root { color-scheme: light dark; --line: color-mix(in srgb, CanvasText 18%, transparent);
  --soft: color-mix(in srgb, CanvasText 6%, transparent); --accent: #3b6fd8; --bad: #c8372d; --good: #2e8540; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 76rem; padding: 1rem 1.25rem 4rem; font: 15px/1.5 system-ui, sans-serif; }
header { display: flex; gap: 1rem; align-items: baseline; flex-wrap: wrap; border-bottom: 1px solid var(--line); }
h1 { font-size: 1.3rem; margin: .4rem 0; } h2 { font-size: 1.05rem; margin: 2rem 0 .5rem; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .3rem .6rem; vertical-align: top;
  border-bottom: 1px solid var(--line); } th { font-weight: 600; } td.n, th.n { text-align: right;
  font-variant-numeric: tabular-nums; }
code, pre, textarea { font: 13px/1.45 ui-monospace, monospace; }
pre { background: var(--soft); padding: .7rem; overflow: auto; max-height: 30rem; margin: .4rem 0; border-radius: 4px; }
button, input, select { font: inherit; } button { cursor: pointer; }
.good { color: var(--good); } .bad { color: var(--bad); } .dim { opacity: .65; }
details > summary { cursor: pointer; padding: .2rem 0; }
`;
