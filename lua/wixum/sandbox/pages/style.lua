--- How the sandbox's pages look: one style sheet, light and dark, from 320 pixels of width on.
-- Must not load anything: fonts and colours are those that the browser has.

return [[

:root {
  color-scheme: light dark;
  --paper: #fff; --ground: #f4f5f7; --ink: #16191d; --soft: #545b66; --line: #d5d9df; --accent: #0b57c2; --on-accent: #fff;
  --pending: #7a4b00; --used: #0a6b35; --refused: #a01b1b;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #1c2026; --ground: #12151a; --ink: #e9ecf1; --soft: #a5adb9; --line: #363c46; --accent: #86b4ff;
    --on-accent: #0c1628; --pending: #f1bf6a; --used: #74d69c; --refused: #ff9c94;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0 auto; padding: 0 1rem 3rem; max-width: 64rem; background: var(--ground); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere;
}
header { padding: .75rem 0; color: var(--soft); border-bottom: 1px solid var(--line); }
header p { margin: 0; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 1.25rem 0 .5rem; }
h2 { font-size: 1.2rem; margin: 0; }
a { color: var(--accent); text-underline-offset: .15em; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
time span { white-space: nowrap; }
p, ul, dl { margin: .25rem 0; }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin: .5rem 0; padding: 0; list-style: none; }
nav a { display: inline-block; padding: .4rem 0; }

section, article { margin: 1rem 0; padding: 1rem; background: var(--paper); border: 1px solid var(--line); border-radius: .5rem; }
table { width: 100%; border-collapse: collapse; table-layout: fixed; margin-top: .5rem; }
caption { text-align: start; color: var(--soft); font-size: .875rem; padding-bottom: .25rem; }
th, td { padding: .5rem .75rem .5rem 0; text-align: start; vertical-align: top; font-weight: normal; border-top: 1px solid var(--line); }
th:last-child, td:last-child { padding-right: 0; }
thead th { border-top: 0; color: var(--soft); font-size: .875rem; padding-bottom: .25rem; }
tbody th, .who { font-weight: 600; }
.half { width: 50%; }
.third { width: 38%; }
td ul { margin: 0; padding: 0; list-style: none; }
td li + li { margin-top: .35rem; }
.soft { color: var(--soft); font-size: .875rem; font-weight: normal; display: block; }

.state {
  display: inline-block; padding: 0 .5rem; border: 1px solid currentcolor; border-radius: 1rem;
  font-size: .875rem; font-weight: 600;
}
.Pending { color: var(--pending); }
.Used { color: var(--used); }
.Declined, .Deleted, .Expired { color: var(--refused); }

dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .15rem 1rem; }
dt { color: var(--soft); }
dd { margin: 0; }
.purpose { margin: 1rem 0; max-height: 60vh; overflow-y: auto; }
blockquote { margin: 0; padding: .5rem 0 .5rem 1rem; border-inline-start: 4px solid var(--line); white-space: pre-wrap; }
.choice { display: flex; flex-wrap: wrap; gap: .75rem; margin-top: 1rem; }
.choice form { flex: 1 1 8rem; max-width: 16rem; }
button {
  width: 100%; min-height: 3rem; padding: .5rem 1rem; font: inherit; font-weight: 600; cursor: pointer;
  color: var(--accent); background: transparent; border: 2px solid var(--accent); border-radius: .5rem;
}
button.first { color: var(--on-accent); background: var(--accent); }
.notice {
  margin: 1rem 0; padding: .75rem 1rem; border: 1px solid var(--line); border-inline-start: 4px solid currentcolor;
  border-radius: .25rem;
}
@media (min-width: 40rem) { .third { width: 30%; } }
]]
