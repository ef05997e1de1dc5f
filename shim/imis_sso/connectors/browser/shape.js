// How the labelled controls of a page are made, for a capture: tags and the way to their label,
// never a value. It changes nothing on the page.
() => {
  const CONTROLS = "input, select, textarea, output";
  const SKIPPED = ["hidden", "submit", "button", "reset", "image", "file", "radio"];
  const clean = (text) => (text || "").replace(/\s+/g, " ").trim().replace(/[\s:*]+$/, "");
  const textOf = (element) => {
    const copy = element.cloneNode(true);
    for (const inner of copy.querySelectorAll(`${CONTROLS}, button`)) inner.remove();
    return clean(copy.textContent);
  };

  const wayOf = (element) => {
    const ids = (element.getAttribute("aria-labelledby") || "").split(/\s+/).filter(Boolean);
    const referred = ids.map((id) => document.getElementById(id)).filter(Boolean);
    if (referred.length) {
      return ["aria_labelledby", clean(referred.map((each) => each.textContent).join(" "))];
    }
    if (element.hasAttribute("aria-label")) {
      return ["aria_label", clean(element.getAttribute("aria-label"))];
    }
    const label = (element.labels || [])[0];
    if (label) return [label.contains(element) ? "wrapped" : "label_for", textOf(label)];
    const row = element.closest("tr");
    const head = element.closest("td")?.previousElementSibling || row?.querySelector("th");
    return head ? ["table", textOf(head)] : ["other", ""];
  };

  // The buttons that share the smallest part of the page with exactly this control.
  const besideOf = (element) => {
    let around = element;
    while (around.parentElement?.querySelectorAll(CONTROLS).length === 1) {
      around = around.parentElement;
    }
    const parent = around.querySelector("button") ? around : element.parentElement;
    return [...parent.querySelectorAll("button[type=button]")].map((each) => clean(each.textContent));
  };

  return [...document.querySelectorAll(CONTROLS)]
    .filter((element) => !SKIPPED.includes(element.type) && element.getClientRects().length > 0)
    .slice(0, 200)
    .map((element) => {
      const [labelled, label] = wayOf(element);
      return { label, labelled, element: element.tagName.toLowerCase(), beside: besideOf(element) };
    });
}
