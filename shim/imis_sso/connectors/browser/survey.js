// Looks at a page, and acts on it, the way a person does: by visible label, never by id.
//
// Called with one request {op, ...}. `look` describes what is visible; the other operations act on
// an entry of that description, named by index *and* label, so that a page that changed in between
// is never acted on. Values of password boxes are never handed out: a person sees dots there.
(request) => {
  const CONTROLS = "input, select, textarea, output";
  const ACTIONS =
    "a[href], button, summary, input[type=submit], input[type=button], [role=button], " +
    "[role=link], [role=menuitem], [role=tab]";
  const NO_FIELDS = ["hidden", "submit", "button", "reset", "image", "file", "radio"];
  const LISTS = "ul, ol, table";
  const MENUS = "nav, header, footer, [role=navigation], [role=menu], [role=menubar]";
  const HEADINGS = "h1, h2, h3, h4, h5, h6, legend, dt, label, strong, b, p, span, div";
  const PLAIN = "span, div, p, code, pre, samp, kbd, b, strong, data, td, dd";
  const LIMIT = { entries: 400, label: 200, value: 1000000, notice: 600 };

  const clean = (text) => (text || "").replace(/\s+/g, " ").trim();
  const asLabel = (text) => clean(text).replace(/[\s:*]+$/, "").slice(0, LIMIT.label);

  const isVisible = (element) =>
    element.getClientRects().length > 0 &&
    element.checkVisibility({
      opacityProperty: true,
      visibilityProperty: true,
      checkOpacity: true,
      checkVisibilityCSS: true,
    });

  const textWithout = (element, selector) => {
    const copy = element.cloneNode(true);
    for (const inner of copy.querySelectorAll(selector)) inner.remove();
    return copy.textContent;
  };

  const labelOf = (element) => {
    const ids = (element.getAttribute("aria-labelledby") || "").split(/\s+/).filter(Boolean);
    const referred = ids.map((id) => document.getElementById(id)).filter(Boolean);
    if (referred.length) return asLabel(referred.map((each) => each.textContent).join(" "));
    if (element.hasAttribute("aria-label")) return asLabel(element.getAttribute("aria-label"));
    const native = [...(element.labels || [])];
    return asLabel(native.map((each) => textWithout(each, `${CONTROLS}, button`)).join(" "));
  };

  const kindOf = (element) => {
    const tag = element.tagName;
    if (tag === "SELECT") return element.disabled ? "shown" : "select";
    if (element.matches(LISTS)) return "list";
    if (tag === "INPUT" && element.type === "checkbox") return "checkbox";
    if (tag === "INPUT" && element.type === "password") return "secret";
    if (tag !== "INPUT" && tag !== "TEXTAREA") return "shown";
    if (element.readOnly || element.disabled) return "shown";
    return tag === "INPUT" ? "text" : "textarea";
  };

  const entriesOf = (list) => {
    const items = list.matches("table") ? "tr:has(td)" : "li";
    const cells = (item) => (list.matches("table") ? [...item.cells] : [item]);
    return [...list.querySelectorAll(items)]
      .filter(isVisible)
      .map((item) => cells(item).map((cell) => clean(cell.textContent)).filter(Boolean).join(" | "))
      .filter(Boolean);
  };

  const valueOf = (element) => {
    if (element.tagName === "SELECT") return clean(element.selectedOptions[0]?.textContent);
    if (element.type === "password" || element.type === "checkbox") return "";
    if (element.matches(LISTS)) return entriesOf(element).join("\n");
    if (element.tagName === "INPUT" || element.tagName === "TEXTAREA") return element.value;
    return textWithout(element, "button, [role=button], script, style, template").trim();
  };

  const entry = (element, label) => ({ element, label });

  // A list below its heading is a value too. Menus are none, nor is what lays out a form.
  const headingOf = (list) => {
    const named = labelOf(list) || asLabel(list.querySelector("caption")?.textContent);
    if (named) return named;
    for (let at = list; at && at !== document.body && !at.matches("main, form"); ) {
      const before = at.previousElementSibling;
      if (before) return before.matches(HEADINGS) ? asLabel(before.textContent) : "";
      at = at.parentElement;
    }
    return "";
  };

  const shownLists = () =>
    [...document.querySelectorAll(LISTS)]
      .filter((list) => !list.closest(MENUS) && !list.querySelector(`${CONTROLS}, ${ACTIONS}`))
      .filter((list) => !list.querySelector(LISTS))
      .map((list) => entry(list, headingOf(list)));

  // Values that are shown without a form control: by ARIA, as "label: value" pairs, in tables.
  const shownPairs = () => {
    const found = [];
    for (const element of document.querySelectorAll("[aria-label], [aria-labelledby]")) {
      if (element.matches(PLAIN) && !element.querySelector(`${CONTROLS}, ${ACTIONS}`)) {
        found.push(entry(element, labelOf(element)));
      }
    }
    const pair = (label, value) => {
      if (!label || !value || value.querySelector(LISTS)) return;
      const inside = [...value.querySelectorAll(CONTROLS)].filter(isVisible);
      if (inside.some((control) => labelOf(control))) return;
      if (inside.length <= 1) found.push(entry(inside[0] || value, asLabel(label.textContent)));
    };
    for (const term of document.querySelectorAll("dt")) {
      const next = term.nextElementSibling;
      pair(term, next && next.tagName === "DD" ? next : null);
    }
    // A table that lays out a form: the label is in the cell before that of the control.
    for (const cell of document.querySelectorAll("tr > td + td, tr > th + td")) {
      const before = cell.previousElementSibling;
      const has = (each) => [...each.querySelectorAll(CONTROLS)].some(isVisible);
      if (has(cell) && !has(before)) pair(before, cell);
    }
    for (const head of document.querySelectorAll("tr > th:first-child")) {
      const cells = head.parentElement.querySelectorAll("td");
      pair(head, cells.length === 1 ? cells[0] : null);
    }
    for (const label of document.querySelectorAll("label")) {
      const target = label.htmlFor ? document.getElementById(label.htmlFor) : null;
      if (!label.control && target) pair(label, target);
    }
    return found;
  };

  const fieldElements = () => {
    const controls = [...document.querySelectorAll(CONTROLS)]
      .filter((element) => !NO_FIELDS.includes(element.type))
      .map((element) => entry(element, labelOf(element)));
    const known = new Set(controls.filter((each) => each.label).map((each) => each.element));
    const fields = controls.filter((each) => each.label);
    for (const each of [...shownPairs(), ...shownLists()]) {
      if (each.label && !known.has(each.element)) {
        known.add(each.element);
        fields.push(each);
      }
    }
    const isSeen = ({ element }) =>
      isVisible(element) ||
      (element.type === "checkbox" && [...(element.labels || [])].some(isVisible));
    return fields.filter(isSeen).slice(0, LIMIT.entries);
  };

  const actionName = (element) =>
    asLabel(
      element.getAttribute("aria-label") ||
        (element.tagName === "INPUT" ? element.value : element.textContent),
    );

  const actionElements = (root) =>
    [...root.querySelectorAll(ACTIONS)]
      .filter((element) => isVisible(element) && actionName(element))
      .slice(0, LIMIT.entries);

  const originOf = (address) => {
    try {
      return new URL(address, document.baseURI).origin;
    } catch {
      return "null";
    }
  };

  // Where a form sends what is typed into it; a form without an address sends to its own page.
  // Into another window is as bad as to another origin: nobody watches that one.
  const targetOf = (element) => {
    const form = element.form;
    if (!form) return location.origin;
    const frame = element.getAttribute("formtarget") || form.getAttribute("target") || "_self";
    if (frame.toLowerCase() !== "_self") return "null";
    return originOf(form.getAttribute("action") || location.href);
  };

  // How and where a form is sent, without the parts of an address that are made anew each time.
  const sendsOf = (element, own) => {
    const form = element.form;
    if (!form) return "";
    const address = own || form.getAttribute("action") || "";
    const path = address && new URL(address, document.baseURI).pathname;
    const isMade = (part) => part.length > 7 && /\d/.test(part);
    const kept = path.split("/").map((part) => (isMade(part) ? "*" : part));
    return `${form.method} ${kept.join("/")}`.trim();
  };

  const isRequired = (element) =>
    element.required === true ||
    element.getAttribute("aria-required") === "true" ||
    [...(element.labels || [])].some((each) => /\*[\s:]*$/.test(textWithout(each, CONTROLS)));

  const describeField = ({ element, label }) => ({
    label,
    kind: kindOf(element),
    value: valueOf(element).slice(0, LIMIT.value),
    checked: element.checked === true,
    filled: element.type === "password" && element.value !== "",
    options: [...(element.options || [])].slice(0, 50).map((each) => clean(each.textContent)),
    objection: element.willValidate ? clean(element.validationMessage).slice(0, LIMIT.label) : "",
    target: targetOf(element),
    required: isRequired(element),
    sends: sendsOf(element),
  });

  const MODAL = "dialog[open], [role=dialog], [role=alertdialog], [aria-modal=true]";

  const describeAction = (element) => ({
    name: actionName(element),
    enabled: !element.disabled && element.getAttribute("aria-disabled") !== "true",
    // A link that runs a script of the page is a button in disguise (WebForms has such).
    href: element.tagName === "A" && element.protocol !== "javascript:" ? element.href : "",
    target: element.hasAttribute("formaction")
      ? originOf(element.getAttribute("formaction"))
      : targetOf(element),
    sends: sendsOf(element, element.getAttribute("formaction")),
    modal: element.closest(MODAL) !== null,
  });

  const notices = (selector) =>
    [...document.querySelectorAll(selector)]
      .filter(isVisible)
      .map((element) => clean(element.innerText).slice(0, LIMIT.notice))
      .filter(Boolean)
      .slice(0, 10);

  const look = () => {
    const body = clean(document.body?.innerText).toLowerCase();
    return {
      origin: location.origin,
      document: String(performance.timeOrigin),
      loaded: document.readyState !== "loading",
      fields: fieldElements().map(describeField),
      actions: actionElements(document).map(describeAction),
      alerts: notices("[role=alert], [aria-live=assertive]"),
      statuses: notices("[role=status], [aria-live=polite]"),
      markers: (request.markers || []).filter((marker) => body.includes(marker.toLowerCase())),
    };
  };

  // Frameworks replace the `value` property of their inputs: set it the way the browser does.
  const setValue = (element, value) => {
    const prototype = Object.getPrototypeOf(element);
    Object.getOwnPropertyDescriptor(prototype, "value").set.call(element, value);
  };

  const put = (element, value) => {
    if (element.type === "checkbox") {
      if (element.checked !== (value === true)) element.click();
      return;
    }
    element.focus();
    if (element.tagName === "SELECT") element.selectedIndex = value;
    else setValue(element, value);
    element.dispatchEvent(new InputEvent("input", { bubbles: true }));
    element.dispatchEvent(new Event("change", { bubbles: true }));
    element.blur();
  };

  const sameField = () => {
    const found = fieldElements()[request.index];
    return found && found.label === request.label ? found.element : null;
  };

  const fill = () => {
    const element = sameField();
    if (!element || location.origin !== request.origin) return false;
    if (targetOf(element) !== request.origin) return false;
    put(element, request.value);
    return true;
  };

  const press = (element) => {
    // Later, so that a dialog or a navigation does not answer in place of this call.
    setTimeout(() => element.click(), 0);
    return true;
  };

  const pressAction = () => {
    const element = actionElements(document)[request.index];
    if (!element || actionName(element) !== request.label) return false;
    return location.origin === request.origin && press(element);
  };

  // The control that belongs to a field is the one in the smallest part of the page around both.
  const reveal = () => {
    const field = sameField();
    if (!field || location.origin !== request.origin) return false;
    for (let around = field.parentElement; around; around = around.parentElement) {
      const near = actionElements(around).filter((each) =>
        request.names.includes(actionName(each).toLowerCase()),
      );
      if (near.length === 1) return press(near[0]);
      if (near.length > 1) return false;
    }
    return false;
  };

  return { look, fill, press: pressAction, reveal }[request.op]();
}
