--- How a report looks: one style sheet, light and dark, from 320 pixels of width on, and on paper.
--
-- Must not load anything: fonts are those that the reader has. Tables become cards where they do not fit. Only what is in sight of
-- the rows is laid out, so that many of them open quickly.

return [[

:root {
  color-scheme: light dark;
  --paper: #fff; --ground: #f6f7f7; --ink: #171b1c; --soft: #566063; --line: #dde1e2; --bar: #a9b3b5; --track: #edf0f0;
  --accent: #0b6868; --accent-soft: #9cc9c7;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #1a1f20; --ground: #111516; --ink: #e8ecec; --soft: #a3adaf; --line: #343c3e; --bar: #687376; --track: #262c2e;
    --accent: #72cfc8; --accent-soft: #2f6f6d;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; scroll-padding-top: 1rem; }
body {
  margin: 0 auto; padding: 0 1rem 3rem; max-width: 72rem; background: var(--ground); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; font-variant-numeric: tabular-nums;
}
h1 { font-size: 1.75rem; line-height: 1.2; margin: 1.5rem 0 .25rem; letter-spacing: -.01em; }
h2 { font-size: 1.2rem; line-height: 1.3; margin: 0 0 .75rem; }
h3 { font-size: 1rem; margin: 1.25rem 0 .25rem; }
p, dl, ol, ul { margin: .25rem 0; }
a { color: var(--accent); text-underline-offset: .2em; text-decoration-thickness: 1px; text-decoration-color: var(--accent-soft); }
a:hover { text-decoration-color: currentcolor; }
small, .soft { color: var(--soft); font-size: .875rem; }
code {
  font: .875em ui-monospace, monospace; background: var(--track); border-radius: .25rem; padding: .1em .35em;
  -webkit-box-decoration-break: clone; box-decoration-break: clone;
}
code span { white-space: nowrap; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
[hidden] { display: none !important; }
section { margin: 1rem 0; padding: 1.25rem 1rem; background: var(--paper); border: 1px solid var(--line); border-radius: .625rem; }
.sandbox {
  margin: 1rem 0 0; padding: .5rem 1.25rem .75rem; border: 3px solid var(--accent); border-radius: .625rem; color: var(--accent);
}
.sandbox strong { display: block; font-size: clamp(2.25rem, 12vw, 4rem); line-height: 1.1; letter-spacing: .06em; overflow-wrap: normal; }
.lead { font-size: 1.125rem; max-width: 44rem; }
.facts { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .1rem 1rem; margin-top: .75rem; font-size: .875rem; }
.facts dt { color: var(--soft); }
.facts dd { margin: 0; }
nav ul { display: flex; flex-wrap: wrap; gap: 0 1.25rem; padding: 0; list-style: none; }
nav a { display: inline-block; padding: .6rem 0; }

table { width: 100%; border-collapse: collapse; }
caption { text-align: start; }
th { font-weight: 600; text-align: start; }
.aside { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

.stand, .stand tbody { display: block; }
.stand tr {
  display: grid; grid-template-columns: 1fr 4.5rem 3.5rem; align-items: baseline; padding: .6rem 0; border-top: 1px solid var(--line);
}
.stand tbody:first-of-type tr:first-child { border-top: 0; padding-top: 0; }
.stand td { padding: 0; }
.stand .number { text-align: end; }
.stand td.number:nth-of-type(1) { font-size: 1.125rem; font-weight: 600; }
.stand .wide { grid-column: 1 / -1; }
.stand .zero th, .stand .zero td.number { color: var(--soft); font-weight: 400; }
.bar { display: block; width: 100%; height: .5rem; margin: .3rem 0; background: var(--track); border-radius: .25rem; }
.bar rect { fill: var(--bar); }
.whole .bar rect { fill: var(--accent-soft); }
.accepted .bar rect { fill: var(--accent); }
.todo {
  margin-inline-start: .5rem; padding: 0 .5rem; border: 1px solid currentcolor; border-radius: 1rem; font-size: .75rem; font-weight: 600;
  color: var(--accent); white-space: nowrap;
}

figure { margin: 0 0 1.25rem; }
.plot { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 0 .5rem; font-size: .8125rem; color: var(--soft); }
.plot > div:first-child { display: flex; flex-direction: column; justify-content: space-between; text-align: end; line-height: 1; }
.plot svg { display: block; width: 100%; height: 9rem; border-bottom: 1px solid var(--bar); }
.plot .low { height: 4.5rem; }
.plot line { stroke: var(--line); stroke-width: 1; vector-effect: non-scaling-stroke; }
.plot .span { grid-column: 2; display: flex; justify-content: space-between; gap: 1rem; padding-top: .25rem; }
.plot .span span:only-child { margin: auto; }
.first { fill: var(--accent); background: var(--accent); }
.accepted { fill: var(--accent); }
.again { fill: var(--accent-soft); background: var(--accent-soft); }
figcaption { margin-bottom: .5rem; }
figcaption span { display: inline-block; white-space: nowrap; margin-inline-start: .75rem; color: var(--soft); font-size: .875rem; }
figcaption i { display: inline-block; width: .75rem; height: .75rem; border-radius: .15rem; margin-inline-end: .3rem; }
.paper { display: none; }
details { margin-top: .5rem; }
summary { cursor: pointer; color: var(--accent); padding: .35rem 0; }
.plain th, .plain td { padding: .25rem .75rem .25rem 0; border-top: 1px solid var(--line); font-weight: 400; }
.plain thead th { color: var(--soft); font-size: .875rem; border-top: 0; }
.plain .number { text-align: end; }

.reasons { padding: 0; list-style: none; }
.reasons li {
  display: grid; grid-template-columns: minmax(2rem, max-content) minmax(0, 1fr); gap: 0 1rem; padding: .6rem 0;
  border-top: 1px solid var(--line);
}
.reasons b { text-align: end; font-size: 1.125rem; }
.reasons small { display: block; }

.sites tr, .sites tbody, .rows tr, .rows tbody { display: block; }
.sites thead { display: none; }
.sites tbody tr, .rows tbody tr { padding: .6rem 0; border-top: 1px solid var(--line); }
.sites th { display: block; }
.sites td { display: inline; padding: 0; }
.sites td:not(:empty)::before { content: attr(data-label) "\A0"; color: var(--soft); font-size: .875rem; }
.sites td:not(:empty)::after { content: "\2003"; }

.tools { display: grid; gap: .75rem; margin-bottom: .75rem; }
.tools label { display: grid; gap: .2rem; font-size: .875rem; color: var(--soft); }
input, select {
  width: 100%; min-height: 2.75rem; padding: .4rem .6rem; font: inherit; color: var(--ink); background: var(--paper);
  border: 1px solid var(--bar); border-radius: .4rem;
}
.rows, .rows thead { display: block; }
.rows { font-size: .9375rem; }
.rows thead tr { display: flex; flex-wrap: wrap; gap: 0 1rem; padding-bottom: .25rem; }
.rows thead th { font-weight: 400; }
.rows thead th { font-size: .875rem; color: var(--soft); }
.rows button { padding: .4rem 0; font: inherit; color: inherit; background: none; border: 0; cursor: pointer; text-align: start; }
.rows button::after { content: " \2195"; opacity: .5; }
.rows [aria-sort=ascending] button::after { content: " \2191"; opacity: 1; }
.rows [aria-sort=descending] button::after { content: " \2193"; opacity: 1; }
.rows tbody tr { content-visibility: auto; contain-intrinsic-size: auto 9rem; }
.rows td { display: block; padding: 0; }
.rows td:empty { display: none; }
.rows small { display: block; }
.rows td:first-child { font-weight: 600; }
.rows td:first-child small { font-weight: 400; }
.rows b { font-weight: 400; }
.rows .needs b { font-weight: 600; }
.rows b::before { content: "\25CB\A0"; color: var(--soft); }
.rows [data-state=accepted] b::before { content: "\25CF\A0"; color: var(--accent); }
.rows .needs b::before { content: "\25C6\A0"; color: var(--accent); }
.rows td:nth-child(n+4) { display: inline; font-size: .875rem; color: var(--soft); margin-inline-end: 1rem; white-space: nowrap; }
.rows td:nth-child(n+4):empty { display: none; }
.rows td:nth-child(n+4) small { display: none; }
.rows td:nth-child(4)::before { content: "Mails\A0"; }
.rows td:nth-child(5)::before { content: "First\A0"; }
.rows td:nth-child(6)::before { content: "Last\A0"; }
.rows td:nth-child(7)::before { content: "Expires\A0"; }

@media (min-width: 48rem), print {
  section { padding: 1.5rem; }
  .tools { grid-template-columns: minmax(0, 2fr) minmax(0, 1fr); }
  .stand tr { grid-template-columns: 11rem 4.5rem 3.5rem minmax(0, 1fr); column-gap: 1rem; }
  .stand .line { grid-column: 4; }
  .stand .bar { margin: 0; align-self: center; }
  .stand .what { grid-column: 4; }
  .rows tr, .rows thead tr {
    display: grid; gap: 0 1rem; align-items: baseline;
    grid-template-columns: minmax(0, 3fr) minmax(0, 2fr) minmax(0, 3fr) 4rem 6rem 6rem 6rem;
  }
  .rows tbody tr { contain-intrinsic-size: auto 4rem; }
  .rows td, .rows td:empty, .rows td:nth-child(n+4), .rows td:nth-child(n+4):empty { display: block; margin: 0; }
  .rows td:nth-child(n+4)::before { content: none; }
  .rows td:nth-child(n+4) { white-space: normal; color: var(--ink); }
  .rows td:nth-child(n+4) small { display: block; }
  .rows td:nth-child(4), .rows th:nth-child(4), .rows th:nth-child(4) button { text-align: end; }
}
@media (min-width: 62rem), print {
  .sites { display: table; }
  .sites thead { display: table-header-group; }
  .sites tbody { display: table-row-group; }
  .sites tr { display: table-row; }
  .sites th, .sites td, .sites tbody td:empty { display: table-cell; padding: .5rem .75rem .5rem 0; border-top: 1px solid var(--line); }
  .sites thead th { border-top: 0; color: var(--soft); font-size: .875rem; }
  .sites td, .sites thead th + th { text-align: end; white-space: nowrap; }
  .sites td:last-child, .sites thead th:last-child { padding-right: 0; }
  .sites td:not(:empty)::before, .sites td:not(:empty)::after { content: none; }
}
@media print {
  :root {
    color-scheme: light; --paper: #fff; --ground: #fff; --ink: #000; --soft: #444; --line: #ccc; --bar: #999; --track: #eee;
    --accent: #0b6868; --accent-soft: #9cc9c7;
  }
  html { font-size: 11px; }
  body { padding: 0; max-width: none; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  section { border: 0; padding: 0; margin: 1.5rem 0; }
  nav, .tools, details { display: none; }
  .stand tr, .reasons li, .rows tr, figure { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  #people { break-before: page; }
  .rows tbody tr { content-visibility: visible; padding: .35rem 0; }
  .rows td:nth-child(n+4) small { display: none; }
  .rows tbody tr:nth-child(n+201 of :not([hidden])) { display: none; }
  .paper { display: block; }
  .rows button::after { content: none; }
}
]]
