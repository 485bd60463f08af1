--- How a review looks as a page: on a screen, on a phone, and on paper, where it is signed.
--
-- Owns the style alone. It loads nothing: no font, no picture.

return [[
:root { color-scheme: light; --ink: #16191d; --dim: #5a6270; --line: #b9c0ca; --warn: #8a3b00; }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 72rem; font: 0.95rem/1.4 system-ui, sans-serif; color: var(--ink); background: #fff;
  overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; margin: 0 0 0.5rem; }
h2 { font-size: 1.15rem; margin: 2rem 0 0.5rem; }
h3 { font-size: 1rem; margin: 0; }
h3 small { font-weight: normal; color: var(--dim); }
p { margin: 0.3rem 0; }
.sandbox { border: 2px solid var(--warn); color: var(--warn); padding: 0.5rem; margin: 0 0 1rem; }
.warning { color: var(--warn); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem; margin: 0; }
dt { color: var(--dim); } dd { margin: 0; }
.person { border: 1px solid var(--line); padding: 0.6rem; margin: 0.8rem 0; break-inside: avoid; }
table { width: 100%; border-collapse: collapse; margin: 0.4rem 0; table-layout: fixed; }
th, td { text-align: left; vertical-align: top; padding: 0.25rem 0.4rem; border-top: 1px solid var(--line); }
th { font-weight: 600; color: var(--dim); font-size: 0.85em; }
th:first-child { width: 26%; }
thead { display: table-header-group; } tr { break-inside: avoid; }
.id, .url { display: block; color: var(--dim); font-size: 0.8em; }
.marked { font-weight: 600; }
.boxes { display: grid; grid-template-columns: 1fr 1fr; gap: 0.6rem; }
.box { border: 1px solid var(--ink); min-height: 3.2rem; padding: 0.2rem 0.4rem; color: var(--dim); font-size: 0.8em; }
.signed { display: grid; grid-template-columns: 1fr 1fr 2fr; gap: 1.5rem; margin-top: 3.5rem; break-inside: avoid; }
.signed p { border-top: 1px solid var(--ink); padding-top: 0.2rem; color: var(--dim); font-size: 0.85em; }
code { font-size: 0.9em; }
@media screen and (max-width: 44rem) {
  table, thead, tbody, tr, td { display: block; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  tr { border-top: 1px solid var(--line); padding: 0.3rem 0; }
  td { border: 0; padding: 0.05rem 0; }
  td::before { content: attr(data-label) ": "; color: var(--dim); }
  td:empty { display: none; }
  dl, .signed { grid-template-columns: 1fr; }
  dt { margin-top: 0.3rem; }
  .signed { gap: 2.5rem; }
}
@page { size: A4; margin: 14mm; }
@media print {
  body { padding: 0; max-width: none; font-size: 9.5pt; }
  h2 { break-after: avoid; }
  th, td { padding: 0.15rem 0.25rem; }
}
]]
