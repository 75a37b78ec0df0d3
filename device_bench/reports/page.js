// Sorts a table by the column whose heading is clicked, and filters rows and groups.
"use strict";

function sortKey(row, column) {
  const cell = row.cells[column];
  return "value" in cell.dataset ? Number(cell.dataset.value) : cell.textContent;
}

function compareKeys(a, b) {
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1; // numbers before gaps
  return a.localeCompare(b, undefined, { numeric: true });
}

function sortBy(table, column) {
  const heading = table.tHead.rows[0].cells[column];
  const descending = heading.getAttribute("aria-sort") === "ascending";
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
  const body = table.tBodies[0];
  const rows = [...body.rows].sort(
    (a, b) => (descending ? -1 : 1) * compareKeys(sortKey(a, column), sortKey(b, column)),
  );
  body.append(...rows);
}

function filterRows(filters, table) {
  const words = filters.querySelector("input").value.toLowerCase().split(/\s+/).filter(Boolean);
  const choices = [...filters.querySelectorAll("select")].filter((select) => select.value !== "");
  let shown = 0;
  for (const row of table.tBodies[0].rows) {
    const text = row.textContent.toLowerCase();
    const wanted =
      words.every((word) => text.includes(word)) &&
      choices.every((one) => row.cells[one.dataset.column].textContent === one.value.slice(1));
    row.hidden = !wanted;
    shown += wanted;
  }
  filters.querySelector("output").textContent = `${shown} of ${table.tBodies[0].rows.length} rows`;
}

// Days are compared as texts, "20261122", which sort by time.
function filterGroups(filters, groups) {
  const choices = [...filters.querySelectorAll("select")].filter((select) => select.value !== "");
  const since = filters.querySelector("input").value.replaceAll("-", "");
  let shown = 0;
  for (const group of groups.children) {
    const labels = JSON.parse(group.dataset.labels);
    const wanted =
      group.dataset.newest >= since &&
      choices.every((one) => labels[one.dataset.label] === one.value.slice(1));
    group.hidden = !wanted;
    shown += wanted;
    for (const row of group.querySelectorAll("tbody tr")) {
      row.hidden = row.cells[0].textContent.slice(0, 8) < since;
    }
    for (const mark of group.querySelectorAll("svg [id*='-at-']")) {
      const [, day] = mark.id.match(/-at-(\d{8})-/);
      mark.style.display = day < since ? "none" : "";
    }
  }
  filters.querySelector("output").textContent = `${shown} of ${groups.children.length} shown`;
}

for (const table of document.querySelectorAll("table")) {
  [...table.tHead.rows[0].cells].forEach((cell, column) => {
    cell.querySelector("button").addEventListener("click", () => sortBy(table, column));
  });
}
for (const filters of document.querySelectorAll(".filters[data-groups]")) {
  const groups = document.getElementById(filters.dataset.groups);
  filters.addEventListener("input", () => filterGroups(filters, groups));
  filters.hidden = false;
  filterGroups(filters, groups);
}
for (const filters of document.querySelectorAll(".filters[data-table]")) {
  const table = document.getElementById(filters.dataset.table);
  filters.addEventListener("input", () => filterRows(filters, table));
  filters.hidden = false;
  filterRows(filters, table);
}
