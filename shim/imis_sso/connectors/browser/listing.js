// Looks at a list of records, and presses a control of one of them, by visible text.
//
// A record is the part of the page around one control that opens it. Called with {op, edit, ...};
// `press` names a record by its place, its name and its address, so that a list that changed in
// between is never acted on.
(request) => {
  const ACTIONS =
    "a[href], button, input[type=submit], input[type=button], [role=button], [role=link], " +
    "[role=menuitem]";
  const ROWS = "tr, li, [role=row], [role=listitem]";
  const CELLS = "td, th, [role=cell], [role=gridcell], [role=rowheader]";
  const LIMIT = { rows: 200, name: 4096 };

  const clean = (text) => (text || "").replace(/\s+/g, " ").trim();
  const isVisible = (element) =>
    element.getClientRects().length > 0 &&
    element.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true });
  const nameOf = (element) =>
    clean(
      element.getAttribute("aria-label") ||
        (element.tagName === "INPUT" ? element.value : element.textContent),
    ).toLowerCase();
  // "Edit", or "Edit Staff directory" where the control names its record.
  const goesBy = (element, names) =>
    names.some((name) => nameOf(element) === name || nameOf(element).startsWith(`${name} `));
  const controls = (root, names) =>
    [...root.querySelectorAll(ACTIONS)].filter(
      (element) => isVisible(element) && goesBy(element, names),
    );

  const textWithout = (element) => {
    const copy = element.cloneNode(true);
    for (const inner of copy.querySelectorAll(`${ACTIONS}, form, script, style, template`)) {
      inner.remove();
    }
    return clean(copy.textContent);
  };
  const around = (edit) => {
    const row = edit.closest(ROWS);
    if (row) return row;
    for (let each = edit.parentElement; each; each = each.parentElement) {
      if (textWithout(each)) return each;
    }
    return document.body;
  };
  const labelOf = (row) => {
    const cells = [...row.querySelectorAll(CELLS)].map(textWithout).filter(Boolean);
    return (cells[0] || textWithout(row)).slice(0, LIMIT.name);
  };
  const addressOf = (edit) => {
    if (edit.tagName !== "A") return "";
    const address = new URL(edit.href, document.baseURI);
    // A path that begins with two slashes would be read as another host.
    if (address.origin !== location.origin || address.pathname.startsWith("//")) return "";
    return edit.getAttribute("href").startsWith("#") ? "" : address.pathname + address.search;
  };

  const found = controls(document, request.edit)
    .slice(0, LIMIT.rows)
    .map((edit) => {
      const row = around(edit);
      const single = controls(row, request.edit).length === 1;
      return { row, edit, name: labelOf(row), address: addressOf(edit), single };
    });
  const described = ({ name, address, single }) => ({ name, address, single });

  const targetOf = (element) => {
    const form = element.form;
    const frame = form ? element.getAttribute("formtarget") || form.target || "_self" : "_self";
    const sent = element.getAttribute("formaction") || (form && form.getAttribute("action"));
    if (frame.toLowerCase() !== "_self") return "null";
    if (element.tagName === "A") return new URL(element.href, document.baseURI).origin;
    return form ? new URL(sent || location.href, document.baseURI).origin : location.origin;
  };
  const press = () => {
    const one = found[request.index];
    if (!one || one.name !== request.name || one.address !== request.address) return "moved";
    const pressed = controls(one.row, request.press);
    if (pressed.length !== 1) return pressed.length ? "several" : "missing";
    if (location.origin !== request.origin || targetOf(pressed[0]) !== request.origin) return "away";
    setTimeout(() => pressed[0].click(), 0);
    return "pressed";
  };

  return request.op === "press" ? press() : found.map(described);
}
