--- What makes the rows of a report searchable: by words, by where they stand, in any order.
--
-- Without it, or where scripts are off, every row is simply shown. It reads the rows from the page and no data besides, and must not
-- make markup of a text.

return [[

(() => {
  "use strict";
  const element = name => document.getElementById(name);
  const search = element("search"), state = element("state"), told = element("told");
  const table = document.querySelector(".rows"), body = table.tBodies[0], rows = [...body.rows];
  const order = [...state.options].map(option => option.value);
  const heads = [...table.tHead.rows[0].cells];
  const number = value => value.toLocaleString("en-US");

  // Accents and capitals do not count.
  const plain = text => text.normalize("NFKD").replace(/\p{Mn}/gu, "").toLowerCase();
  let texts = null;

  const apply = () => {
    const words = plain(search.value).split(/\s+/).filter(word => word), only = state.value;
    if (words.length && !texts) texts = rows.map(row => plain(row.textContent));
    let shown = 0;
    rows.forEach((row, place) => {
      const fits = (!only || row.dataset.state === only) && words.every(word => texts[place].includes(word));
      if (row.hidden === fits) row.hidden = !fits;
      if (fits) shown += 1;
    });
    const all = shown === rows.length ? "All " : "";
    const of = all ? "" : " of " + number(rows.length);
    told.textContent = all + number(shown) + of + (rows.length === 1 ? " row." : " rows.");
  };

  const show = (text, name) => {
    search.value = text;
    state.value = name;
    apply();
  };

  const counts = {};
  for (const row of rows) counts[row.dataset.state] = (counts[row.dataset.state] || 0) + 1;
  for (const option of [...state.options]) {
    const count = option.value ? counts[option.value] || 0 : rows.length;
    option.textContent += " (" + number(count) + ")";
    option.disabled = count === 0;
  }

  let waiting = 0;
  search.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(apply, 120);
  });
  state.addEventListener("change", apply);

  // Figures lead to the rows that they count.
  document.addEventListener("click", event => {
    const link = event.target.closest && event.target.closest("a[href='#people']");
    if (!link) return;
    if (link.dataset.show) show("", link.dataset.show);
    else if (link.dataset.site !== undefined) show(link.textContent, "");
  });

  const keys = {
    text: cell => plain(cell.textContent),
    number: cell => Number(cell.textContent.replace(/,/g, "")),
    state: cell => order.indexOf(cell.parentNode.dataset.state),
  };
  const compare = new Intl.Collator("en", { numeric: true }).compare;

  // What is empty comes last, whichever way.
  const sort = (head, column) => {
    const turned = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
    const key = keys[head.dataset.kind];
    const list = rows.map((row, place) => ({ row, place, empty: row.cells[column].textContent === "", key: key(row.cells[column]) }));
    const by = head.dataset.kind === "text" ? compare : (one, other) => one - other;
    list.sort((one, other) => one.empty - other.empty || turned * by(one.key, other.key) || one.place - other.place);
    const sorted = document.createDocumentFragment();
    for (const item of list) sorted.append(item.row);
    body.append(sorted);
    for (const other of heads) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", turned > 0 ? "ascending" : "descending");
  };
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => sort(head, column));
  });

  element("tools").hidden = false;
  apply();
})();
]]
